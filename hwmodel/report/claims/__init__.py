"""What others have published, held against this model.

=============  ==========================================================================================
`claim`        what a claim is
`published`    the claims about costs, and what is known of their sources
`errors`       the claims about errors, and how each is measured
`verdict`      when a claim holds
`mapped`       the units that claims are about, mapped
`findings`     claims held against counted gates, estimates, cells, and the units' own arithmetic
`parts`        where FP8's surplus over INT8 comes from
`page`         all this in words
`marks`        published ratios in charts
=============  ==========================================================================================
"""
