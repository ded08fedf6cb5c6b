"""The HTML report: one file that shows all of itself under the strictest
content policy, and tells no secrets."""

import html.parser
import os
import re
import xml.etree.ElementTree

VOID = {"meta", "br", "hr", "wbr"}
# what loads something, or runs, or is styled
FORBIDDEN_TAGS = {"script", "style", "link", "img", "image", "iframe",
                  "object", "embed", "base", "video", "audio", "form", "use"}
FORBIDDEN_ATTRIBUTES = {"style", "src", "href", "xlink:href", "srcset",
                        "background", "http-equiv"}

STAGES = """
[load]
host = {url}
stages = 600ms:4 climb & <hold>, 600ms:4 steady, 200ms:0
workers = 2
wait = 5ms..15ms
report_interval = 100ms
warmup = 200ms
[http]
auth = tester:SECRET1
header = Cookie: sid=SECRET2
[vars]
api_token = SECRET3
[task list]
weight = 2
get = /things?key=SECRET4&page=${{randint 1 9}}
header = X-Api-Key: ${{env LOADGEN_TEST_WORD}}
[task create]
post = /missing
json = {{"password": "SECRET5", "token": "${{api_token}}"}}
[thresholds]
p95 = < 60s
[thresholds @steady]
requests = >= 1
"""


class Page(html.parser.HTMLParser):
    """A page whose elements are closed in the order that they were opened
    in."""

    def __init__(self, text):
        super().__init__()
        self.text, self.open, self.tags = text, [], []
        self.words = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert tag not in FORBIDDEN_TAGS, self.get_starttag_text()
        assert len(set(names)) == len(names), self.get_starttag_text()
        for name, value in attributes:
            assert name not in FORBIDDEN_ATTRIBUTES, (tag, name)
            assert not name.startswith("on"), (tag, name)
            assert "url(" not in (value or ""), (tag, name, value)
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    @property
    def said(self):
        return " ".join("".join(self.words).split())

    def charts(self):
        """Each chart, as XML."""
        return [xml.etree.ElementTree.fromstring(drawing)
                for drawing in re.findall(
                    r"<td>(<svg .*?</svg>)</td></tr></table>", self.text,
                    re.S)]


def read_page(path):
    data = path.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data)
    return Page(data.decode())


def test_a_run_with_stages_has_its_charts_and_tables(run, nginx):
    env = dict(os.environ, LOADGEN_TEST_WORD="SECRET6")
    done = run(STAGES.format(url=nginx.url), "--html", "report.html",
               "-D", "task list.weight=3", env=env)
    assert done.status == 0, done.said
    page = read_page(done.folder / "report.html")

    charts = page.charts()
    assert len(charts) == 3
    for chart, title in zip(charts, ["Requests and failures per second",
                                     "Response times in ms", "Users"]):
        assert chart.get("role") == "img"
        assert chart.get("aria-label").startswith(title)
        texts = [text.text for text in chart.iter("text")]
        assert {"climb & <hold>", "steady"} <= set(texts)
        paths = [path.get("d") for path in chart.iter("path")]
        assert paths and all(re.fullmatch(r"[MLHV\d. -]+", d) for d in paths)
        hints = [title.text for title in chart.iter("title")]
        assert 5 <= len(hints) <= 500

    said = page.said
    assert "PASSED" in said
    assert f"{done.requests:,}" in said
    assert "warm-up, not counted" in said
    for word in ["Thresholds", "Stages", "Requests", "Failures", "Workers",
                 "Books", "Plan", "POST /missing", "404",
                 "p95 < 60s", "requests >= 1", "@steady"]:
        assert word in said, word


def test_a_page_tells_no_secrets_and_what_the_command_line_said(run, nginx):
    env = dict(os.environ, LOADGEN_TEST_WORD="SECRET6")
    done = run(STAGES.format(url=nginx.url), "--html", "report.html",
               "-D", "task list.weight=3", "-D", "vars.api_token=SECRET7",
               "-D", "load.stages=300ms:2 steady", env=env)
    page = read_page(done.folder / "report.html")
    assert "SECRET" not in page.text, re.search(".*SECRET.*", page.text)
    said = page.said
    assert "auth = tester:***" in said
    assert "header = Cookie: ***" in said
    assert "header = X-Api-Key: ${env LOADGEN_TEST_WORD}" in said
    assert '"token": "${api_token}"' in said
    assert "weight = 3 (-D task list.weight)" in said


def test_names_from_a_server_are_no_markup(run, plan, recorder):
    done = run(plan(recorder.url,
                    "set.name = <script>alert(1)</script>",
                    "get = /x", "name = ${name}",
                    'check = body contains "<img onerror=x>" -> '
                    '<b>"broken"</b> & \'more\''),
               "--html", "report.html")
    page = read_page(done.folder / "report.html")
    assert '<b>"broken"</b> & \'more\'' in page.said
    assert done.status == 1


def test_a_page_on_standard_output_is_alone_there(run, plan, nginx):
    done = run(plan(nginx.url, "get = /x"), "--html", "-")
    assert done.out.startswith("<!DOCTYPE html>")
    assert done.out.endswith("</html>\n")
    Page(done.out)
    assert "PASSED" in done.err


def test_the_plan_of_a_run_from_standard_input_is_shown(
        start, plan, nginx, tmp_path):
    (tmp_path / "given.ini").write_text(plan(nginx.url, "get = /x"))
    with open(tmp_path / "given.ini", "rb") as given:
        done = start(None, "-", "--html", "report.html", stdin=given).finish()
    page = read_page(done.folder / "report.html")
    assert "[task it] get = /x" in page.said


def test_a_page_that_cannot_be_written_is_told_before_any_load(
        run, plan, recorder):
    done = run(plan(recorder.url, "get = /x"), "--html", "none/report.html")
    assert done.status == 2
    assert "none/report.html" in done.err
    assert not recorder.sent
