"""What does a number format cost, and is it worth it?

One description of a multiply-accumulate unit, :class:`hwmodel.spec.MacSpec`, and its views: golden model, circuit, proof, gates, estimate.
"""

__version__ = "0.1.0"
