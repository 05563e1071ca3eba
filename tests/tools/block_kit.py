#!/usr/bin/env python3
"""Renders Slack payloads as a phone shows them, so that people can look at them: HTML, and a picture
where chromium is installed. An approximation of Block Kit, for reading; it judges nothing.

    tests/tools/block_kit.py PAYLOAD.json… --out FOLDER
"""
import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

STYLE = """
body { width: 375px; margin: 0; padding: 12px; font: 15px/1.45 'DejaVu Sans', sans-serif; color: #1d1c1d; }
h1 { font-size: 17px; margin: 4px 0 8px; } p { margin: 4px 0 8px; overflow-wrap: anywhere; }
.bar { border-left: 4px solid var(--bar); padding-left: 10px; }
.fields > p { margin: 6px 0; } .context { font-size: 12px; color: #616061; }
code { background: #f4f4f4; border: 1px solid #ddd; border-radius: 3px; color: #c01343; font-size: 13px;
       padding: 0 3px; overflow-wrap: anywhere; }
.push { background: #eee; border-radius: 10px; padding: 8px 10px; margin-bottom: 14px; font-size: 13px; }
"""


def mrkdwn(text):
    """Slack's markup as HTML; entities are escaped already."""
    out = re.sub(r"<!date\^\d+\^[^|>]*\|([^>]*)>", r"\1", text)
    out = re.sub(r"<(https?://[^|>]*)\|([^>]*)>", r'<a href="\1">\2</a>', out)
    out = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", out)
    out = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", out)
    return out.replace("\n", "<br>")


def text_of(element):
    if element["type"] == "mrkdwn":
        return mrkdwn(element["text"])
    return element["text"].replace("\n", "<br>")  # escaped by us, like everything


def block(one):
    kind = one["type"]
    if kind == "header":
        return f"<h1>{text_of(one['text'])}</h1>"
    if kind == "context":
        return f"<p class=context>{' '.join(text_of(e) for e in one['elements'])}</p>"
    if kind != "section":
        return f"<p>[{html.escape(kind)}]</p>"
    out = f"<p>{text_of(one['text'])}</p>" if "text" in one else ""
    if "fields" in one:  # a phone shows fields below one another
        out += "<div class=fields>" + "".join(f"<p>{text_of(f)}</p>" for f in one["fields"]) + "</div>"
    return out


def page(payload):
    push = html.escape(html.unescape(payload.get("text", "")))[:100]
    body = f"<div class=push>{push}…</div>" + "".join(map(block, payload.get("blocks", [])))
    for attachment in payload.get("attachments", []):
        blocks = "".join(map(block, attachment.get("blocks", [])))
        body += f"<div class=bar style='--bar:{attachment.get('color', '#ccc')}'>{blocks}</div>"
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{body}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("payloads", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    for path in options.payloads:
        file = options.out / (path.stem + ".html")
        file.write_text(page(json.loads(path.read_text())))
        if chromium is None:
            continue
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                            "--disable-background-networking", "--disable-component-update",
                            "--disable-sync", "--disable-quic", f"--user-data-dir={profile}",
                            "--hide-scrollbars", "--window-size=400,1500",
                            f"--screenshot={file.with_suffix('.png').resolve()}",
                            file.resolve().as_uri()], check=True, capture_output=True)
        print(file.with_suffix(".png"))


if __name__ == "__main__":
    main()
