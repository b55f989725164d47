"""Liberty's syntax: text in, a tree of groups out.

The PyPI readers of Liberty are under the GPL, and a library is a hundred thousand attributes (ASAP7: 46 MB of text): so one regular
expression cuts the text into attributes and into beginnings and ends of groups. What is inside an attribute is split afterwards.
"""

import re
from dataclasses import dataclass, field

# Separators, comments and continued lines, then one statement: the end of a group, or a name with a value or with brackets. A semicolon
# may be missing at the end of a line, as in files that other readers take.
_STATEMENT = re.compile(
    r"""
    (?: [\s;\\]+ | /\*.*?\*/ | //[^\n]* )*
    (?: (?P<end> \} )
      | (?P<name> [A-Za-z_][\w.]* ) \s*
        (?: : \s* (?P<value> "(?:[^"\\]|\\.)*" | [^;"\n{}]* )
          | \( (?P<arguments> (?: "(?:[^"\\]|\\.)*" | [^()"] )* ) \) (?: (?: [\s\\]+ | /\*.*?\*/ )* (?P<begin> \{ ) )?
        )
      | (?P<nothing> \Z )
    )""",
    re.DOTALL | re.VERBOSE,
)
_SKIPPED = re.compile(r"(?:[\s;\\]+|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,\s"\\]+)', re.DOTALL)


class LibertySyntaxError(ValueError):
    """Text that is not Liberty; the message says where."""


@dataclass
class Group:
    """``kind (arguments) { attributes and groups }``.

    Attributes
    ----------
    attributes
        Name -> text of a simple attribute, or the list of texts of one with brackets; the first of its name.
    """

    kind: str
    arguments: list[str]
    attributes: dict[str, str | list[str]] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def all(self, kind: str) -> list["Group"]:
        """Return the groups of one kind directly inside."""
        return [group for group in self.groups if group.kind == kind]

    def text(self, name: str) -> str | None:
        """Return a simple attribute, or None."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> list[str]:
        """Return the texts of an attribute with brackets; none if it is not there."""
        value = self.attributes.get(name, [])
        return value if isinstance(value, list) else [value]


def parse(text: str) -> list[Group]:
    """Return the outermost groups of a Liberty file.

    Raises
    ------
    LibertySyntaxError
        If `text` is not Liberty, or is cut off; the message says where.
    """
    file = Group("", [])
    open_groups, begun_at, position = [file], [0], 0
    while True:
        statement = _STATEMENT.match(text, position)
        if statement is None:
            rest = _SKIPPED.match(text, position)
            position = rest.end() if rest else position
            cut = len(open_groups) > 1 and "\n" not in text[position:].strip()
            what = "it is cut off" if cut else f"line {_line(text, position)} cannot be understood"
            raise LibertySyntaxError(what + _inside(text, open_groups, begun_at))
        position = statement.end()
        kind = statement.lastgroup
        if kind == "value":
            value = statement["value"]
            value = value[1:-1] if value.startswith('"') else value.partition("/*")[0].rstrip()
            open_groups[-1].attributes.setdefault(statement["name"], value.strip())
        elif kind == "arguments":
            open_groups[-1].attributes.setdefault(statement["name"], _arguments(statement["arguments"]))
        elif kind == "begin":
            group = Group(statement["name"], _arguments(statement["arguments"]))
            open_groups[-1].groups.append(group)
            open_groups.append(group)
            begun_at.append(statement.start("name"))
        elif kind == "end":
            if len(open_groups) == 1:
                raise LibertySyntaxError(f"line {_line(text, position)} ends a group that never began")
            open_groups.pop()
            begun_at.pop()
        elif len(open_groups) > 1:
            raise LibertySyntaxError(f"it is cut off{_inside(text, open_groups, begun_at)}")
        else:
            return file.groups


def _arguments(text: str) -> list[str]:
    return [quoted or bare for quoted, bare in _ARGUMENT.findall(text)]


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _inside(text: str, open_groups: list[Group], begun_at: list[int]) -> str:
    """Return words for the innermost open group."""
    if len(open_groups) == 1:
        return ""
    group = open_groups[-1]
    return f", in {group.kind} ({', '.join(group.arguments)}), which begins in line {_line(text, begun_at[-1])}"
