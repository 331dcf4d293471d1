"""Just enough reading of C++ to list includes and to measure functions."""

import re

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
_NOT_A_FUNCTION = re.compile(
    r"^\s*(?:else|do|try|namespace|extern|class|struct|union|enum)\b|"
    r"\b(?:if|for|while|switch|catch)\s*(?:constexpr\s*)?\([^{}]*$"
)


def includes(source: str) -> tuple[list[str], list[str]]:
    """The quoted and the angled includes of a file."""
    pairs = INCLUDE.findall(source)
    return [ours for ours, _ in pairs if ours], [theirs for _, theirs in pairs if theirs]


def blank_literals(source: str) -> str:
    """The source with comments and literals blanked; lines stay where they are."""
    return _LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source)


def functions(source: str) -> list[tuple[int, int]]:
    """(first line, count of lines) of each outermost function body, head included."""
    source = re.sub(r"^\s*#.*(?:\\\n.*)*", "", blank_literals(source), flags=re.MULTILINE)
    found: list[tuple[int, int]] = []
    scopes: list[int | None] = []  # per open brace: where its function's head starts, or None
    head_start = 0
    for match in re.finditer(r"[{};]", source):
        at, character = match.start(), match.group()
        if character == "{":
            head = source[head_start:at]
            is_function = (not any(scope is not None for scope in scopes)
                           and "(" in head and not _NOT_A_FUNCTION.search(head)
                           and not head.rstrip().endswith(("=", ",", "(", "return")))
            start = head_start + len(head) - len(head.lstrip())
            scopes.append(start if is_function else None)
        elif character == "}":
            if not scopes:
                raise ValueError("unbalanced braces")
            start = scopes.pop()
            if start is not None:
                first = source.count("\n", 0, start) + 1
                found.append((first, source.count("\n", start, at) + 1))
        head_start = match.end()
    return found
