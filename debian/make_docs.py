#!/usr/bin/env python3
"""Makes the manual pages and the shell completions from what the program says of itself.

Usage: make_docs.py TOCSIN CONFIG OUTPUT_FOLDER

TOCSIN is asked for `--help` of every command, and CONFIG is examples/tocsin.yml, in which every
setting is explained. Written are tocsin.1, tocsin.yml.5, tocsin (for bash) and _tocsin (for zsh).
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field


@dataclass
class Entry:
    """One line of a list of --help: an option, a positional argument or a subcommand."""
    name: str
    text: str


@dataclass
class Help:
    """--help of one command, cut into its parts."""
    path: list
    about: str = ""
    usage: str = ""
    lists: dict = field(default_factory=dict)  # title -> [Entry]
    rest: list = field(default_factory=list)  # the lines that come after the lists
    commands: list = field(default_factory=list)


def read_help(binary, path=()):
    path = list(path)
    text = subprocess.run([binary, *path, "--help"], check=True, capture_output=True,
                          text=True).stdout
    page = Help(path)
    about, entries = [], None
    column = re.search(r"^  -h,--help +", text, re.M)  # where explanations begin
    column = column.end() - column.start()
    for line in text.splitlines():
        if page.rest:
            page.rest.append(line)
        elif line.startswith("Usage:"):
            page.usage = line.removeprefix("Usage:").strip()
        elif not page.usage:
            about.append(line)
        elif re.fullmatch(r"[A-Z][a-z]+:", line):
            entries = page.lists.setdefault(line[:-1], [])
        elif line.startswith("   ") and entries:
            entries[-1].text = f"{entries[-1].text} {line.strip()}".strip()
        elif line.startswith("  ") and entries is not None:
            if line[column - 1:column] == " ":
                entries.append(Entry(line[:column].strip(), line[column:].strip()))
            else:  # a name that reaches into the column has its explanation on the next line
                entries.append(Entry(line.strip(), ""))
        elif line:
            page.rest.append(line)
    page.about = " ".join(about)
    for command in page.lists.get("Subcommands", []):
        page.commands.append(read_help(binary, [*path, command.name]))
    return page


def walk(page):
    yield page
    for command in page.commands:
        yield from walk(command)


# --- manual pages ---------------------------------------------------------------------------------


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"^\.", r"\\&.", text)


def literal(lines):
    return [".EX", *[roff(line) for line in lines], ".EE"]


def title(name, section, about):
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", 0)) or None
    day = datetime.datetime.fromtimestamp(epoch or datetime.datetime.now().timestamp(),
                                          datetime.timezone.utc).date()
    return [f'.TH {name.upper()} {section} "{day}" "Tocsin" "User Manuals"', ".SH NAME",
            f"{roff(name)} \\- {roff(about)}"]


def sections_of(lines):
    """The capitals of --help's closing texts are headings; what comes before one has none."""
    heading, body = "", []
    for line in [*lines, "END"]:
        if re.fullmatch(r"[A-Z][A-Z ]+", line):
            yield heading, body
            heading, body = line, []
        else:
            body.append(line)


def closing(page):
    return {heading: "\n".join(body).strip("\n").splitlines()
            for heading, body in sections_of(page.rest) if body}


def entries_as_man(page):
    out = []
    for kind in ("Positionals", "Options"):
        for entry in page.lists.get(kind, []):
            if page.path and entry.name.startswith("-h,"):
                continue
            out += [".TP", f"\\fB{roff(entry.name)}\\fR", roff(entry.text)]
    return out


def manual(root):
    out = title("tocsin", 1, "matches audit events against Sigma rules and alerts people")
    out += [".SH SYNOPSIS"]
    for page in root.commands:
        out += [f".B {roff(page.usage)}", ".br"]
    out += [".SH DESCRIPTION", roff(root.about), ".SH OPTIONS", *entries_as_man(root),
            ".SH COMMANDS"]
    common = closing(root)
    for page in walk(root):
        if not page.path:
            continue
        out += [f".SS {roff(page.usage)}", roff(page.about), *entries_as_man(page)]
        for heading, body in closing(page).items():
            if heading not in common:  # its own
                out += [".PP", *literal([heading, *body] if heading else body)]
    for heading, body in common.items():
        out += [f".SH {heading or 'NOTES'}", *literal(body)]
    out += [".SH FILES", ".TP", ".I /etc/tocsin/tocsin.yml",
            "The configuration of the service that the package installs.", ".TP",
            ".I /etc/tocsin/secrets/", "Its secrets, one a file, as tocsin.yml says.", ".TP",
            ".I /var/lib/tocsin/", "Its store.", ".TP", ".I /usr/share/tocsin/rules/",
            "The shipped rules.", ".SH SEE ALSO", ".BR tocsin.yml (5),", ".BR systemctl (1)"]
    return out


def config_manual(text):
    out = title("tocsin.yml", 5, "configuration of tocsin run")
    out += [".SH DESCRIPTION"]
    lines, shown = text.splitlines(), []
    at = 0
    while at < len(lines) and lines[at].startswith("#") and not lines[at].startswith("# ---"):
        shown.append(lines[at].lstrip("#").removeprefix(" "))
        at += 1
    out += literal(shown)
    shown = []
    for line in lines[at:]:
        heading = re.fullmatch(r"# --- (.*?) -+", line)
        if heading:
            out += literal(shown) if any(shown) else []
            out += [f'.SH "{heading[1].upper()}"']
            shown = []
        else:
            shown.append(line)
    return [*out, *literal(shown), ".SH SEE ALSO", ".BR tocsin (1)"]


# --- completions ----------------------------------------------------------------------------------


def options_of(page):
    """[(names, takes a value, choices, explanation)]"""
    out = []
    for entry in page.lists.get("Options", []):
        words = entry.name.split()
        names = words[0].split(",")
        value = " ".join(word for word in words[1:] if not word.startswith("(Env"))
        choices = re.search(r"\{([^}]*)\}", value)
        out.append((names, bool(value), choices[1].split(",") if choices else [], entry.text))
    return out


def bash(root):
    cases, values = [], []
    for page in walk(root):
        key = " ".join(page.path)
        words = [name for names, *_ in options_of(page) for name in names]
        words += [command.path[-1] for command in page.commands]
        cases.append(f'    "{key}") words="{" ".join(words)}" ;;')
        for names, takes, choices, _ in options_of(page):
            if takes:
                words = f'words="{" ".join(choices)}"' if choices else "files=1"
                values.append(f"    {'|'.join(repr(f'{key} {n}') for n in names)}) {words} ;;")
    commands = "|".join(f'"{" ".join(p.path)}"' for p in walk(root) if p.path)
    return f"""# bash completion for tocsin, made from its --help.
_tocsin() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local command="" word words="" files="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{command:+$command }}${{COMP_WORDS[i]}}"
    case "$word" in {commands}) command=$word ;; esac
  done
  case "$command $before" in
{chr(10).join(values)}
  esac
  if [ -z "$words$files" ]; then
    case "$command" in
{chr(10).join(cases)}
    esac
  fi
  COMPREPLY=()
  [ -n "$files" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F _tocsin tocsin
"""


def zsh_text(text):
    return re.sub(r"([\\\[\]:'])", lambda m: "'\\''" if m[1] == "'" else "\\" + m[1], text)


def zsh_arguments(page):
    for names, takes, choices, text in options_of(page):
        for name in names:
            others = "" if len(names) == 1 else f"({' '.join(names)})"
            value = ""
            if takes:
                value = f":value:({' '.join(choices)})" if choices else ":value:_files"
            yield f"'{others}{name}[{zsh_text(text)}]{value}'"


def zsh(root):
    out = ["#compdef tocsin", "# zsh completion for tocsin, made from its --help.", ""]
    for page in walk(root):
        name = "_".join(["_tocsin", *page.path])
        arguments = list(zsh_arguments(page))
        if not page.commands:
            out += [f"{name}() {{", "  _arguments \\", *[f"    {a} \\" for a in arguments],
                    "    '*:file:_files'", "}", ""]
            continue
        listed = [f"    '{c.path[-1]}:{zsh_text(c.about)}'" for c in page.commands]
        cases = [f"      {c.path[-1]}) {'_'.join(['_tocsin', *c.path])} ;;" for c in page.commands]
        out += [f"{name}() {{", "  local state line", "  local -a commands=(", *listed, "  )",
                "  _arguments -C \\", *[f"    {a} \\" for a in arguments],
                "    '1: :->command' '*:: :->rest'", "  case $state in",
                "    command) _describe command commands ;;", "    rest) case $line[1] in",
                *cases, "    esac ;;", "  esac", "}", ""]
    return "\n".join([*out, '_tocsin "$@"', ""])


def main():
    binary, config, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    root = read_help(os.path.abspath(binary))
    (folder / "tocsin.1").write_text("\n".join(manual(root)) + "\n")
    (folder / "tocsin.yml.5").write_text("\n".join(config_manual(config.read_text())) + "\n")
    (folder / "tocsin").write_text(bash(root))
    (folder / "_tocsin").write_text(zsh(root))


if __name__ == "__main__":
    main()
