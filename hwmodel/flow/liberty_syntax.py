"""Liberty's syntax: text in, a tree of groups out.

The PyPI readers of Liberty are under the GPL or need a newer Python, so the grammar stands here, on Lark. Attributes and heads
of groups are single tokens (a library has a hundred thousand of them); what is inside them is split afterwards.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken

_GRAMMAR = r"""
start: group+
group: HEAD "{" (group | SIMPLE | complex)* "}"
complex: HEAD

SIMPLE: /[A-Za-z_]\w*\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^;"\n{}]*)/s
HEAD: /[A-Za-z_]\w*\s*\((?:"(?:[^"\\]|\\.)*"|[^()"])*\)/s

%ignore /[\s;\\]+/
%ignore /\/\*.*?\*\//s
%ignore /\/\/[^\n]*/
"""

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


def _head(token: Token) -> tuple[str, list[str]]:
    kind, _, rest = token.partition("(")
    return kind.rstrip(), [quoted or bare for quoted, bare in _ARGUMENT.findall(rest[:-1])]


class _Tree(Transformer):
    def start(self, groups: list[Group]) -> list[Group]:
        return groups

    def complex(self, children: list[Token]) -> tuple[str, list[str]]:
        return _head(children[0])

    def group(self, children: list[Token | Group | tuple[str, list[str]]]) -> Group:
        head, *body = children
        assert isinstance(head, Token)
        group = Group(*_head(head))
        for child in body:
            if isinstance(child, Group):
                group.groups.append(child)
            elif isinstance(child, Token):
                name, _, value = child.partition(":")
                group.attributes.setdefault(name.rstrip(), value.strip().strip('"'))
            else:
                group.attributes.setdefault(*child)
        return group


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Tree())


def parse(text: str) -> list[Group]:
    """Return the outermost groups of a Liberty file.

    Raises
    ------
    LibertySyntaxError
        If `text` is not Liberty, or is cut off; the message says where.
    """
    try:
        return _parser().parse(text)  # type: ignore[return-value]  # what the transformer's `start` returns
    except UnexpectedToken as error:
        where = "it ends in the middle of a group" if error.token.type == "$END" else f"line {error.line} cannot be understood"
        raise LibertySyntaxError(where) from error
    except UnexpectedInput as error:
        raise LibertySyntaxError(f"line {error.line} cannot be understood") from error
