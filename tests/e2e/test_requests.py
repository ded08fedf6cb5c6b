"""What is in the plan arrives as it was meant, byte by byte."""

import base64
import collections
import email
import email.policy
import json
import urllib.parse

import pytest


def one(run, plan, recorder, *steps, **options):
    """The one request of a plan with these lines, and its run."""
    args = options.pop("args", ())
    kept = {key: options.pop(key) for key in ("files", "env")
            if key in options}
    done = run(plan(recorder.url, *steps, **options), *args, **kept).check()
    assert done.status == 0, done.said
    [sent] = recorder.sent
    return sent


@pytest.mark.parametrize(
    "method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_each_method_is_sent_and_answered(run, plan, recorder, method):
    recorder.reply = lambda sent: (200, [], b"a body that HEAD has not")
    done = run(plan(recorder.url, f"{method} = /x"), "-n", 3).check()
    assert done.status == 0, done.said
    assert [sent.method for sent in recorder.sent] == [method.upper()] * 3
    assert done.counts() == {(method.upper(), "/x"): 3}
    assert {sent.body for sent in recorder.sent} == {b""}


def test_any_other_method_can_be_written_out(run, plan, recorder):
    sent = one(run, plan, recorder, "request = REPORT /x", "body = y")
    assert (sent.method, sent.uri, sent.body) == ("REPORT", "/x", b"y")


def test_a_plain_get_says_little(run, plan, recorder):
    sent = one(run, plan, recorder, "get = /x?y=1")
    assert (sent.uri, sent.version, sent.body) == ("/x?y=1", "HTTP/1.1", b"")
    names = {name.lower() for name, _ in sent.headers}
    assert "host" in names
    assert names <= {"host", "user-agent", "accept"}


def test_query_values_are_encoded_and_kept_in_order(run, plan, recorder):
    sent = one(run, plan, recorder, "get = /x", "query = a=1 & 2",
               "query = b=\u00e9/?", "query = a=${pick 3}")
    path, _, query = sent.uri.partition("?")
    assert path == "/x"
    assert urllib.parse.parse_qsl(query, strict_parsing=True) == [
        ("a", "1 & 2"), ("b", "\u00e9/?"), ("a", "3")]


def test_a_query_is_put_behind_the_one_in_the_url(run, plan, recorder):
    sent = one(run, plan, recorder, "get = /x?z=0", "query = a=1")
    assert sent.uri == "/x?z=0&a=1"


def test_form_values_are_encoded(run, plan, recorder):
    sent = one(run, plan, recorder, "post = /x", "form = user=a b&c=d",
               "form = sign=+%=", "form = n=${user}")
    assert sent.header("Content-Type") == "application/x-www-form-urlencoded"
    assert urllib.parse.parse_qsl(
        sent.body.decode(), strict_parsing=True) == [
            ("user", "a b&c=d"), ("sign", "+%="), ("n", "1")]


def test_json_arrives_as_written_and_says_that_it_is_json(
        run, plan, recorder):
    text = '{"name": "thing-${user}", "list": [1, 2], "s": "a ; b # c"}'
    sent = one(run, plan, recorder, "post = /x", f"json = {text}")
    assert sent.header("Content-Type") == "application/json"
    assert sent.body.decode() == text.replace("${user}", "1")


def test_a_body_may_go_on_on_indented_lines(run, plan, recorder):
    sent = one(run, plan, recorder, "put = /x", 'json = {"a": 1,',
               '    "b": 2}')
    assert sent.method == "PUT"
    assert json.loads(sent.body) == {"a": 1, "b": 2}


def test_a_body_of_one_mebibyte_on_one_line_arrives(run, plan, recorder):
    text = ("0123456789abcde;" * 65536)[:(1 << 20) - 1] + "!"
    sent = one(run, plan, recorder, "post = /x", f"body = {text}")
    assert sent.body.decode() == text
    assert sent.header("Expect") is None


def test_a_body_file_arrives_byte_by_byte(run, plan, recorder):
    data = bytes(range(256)) * 300
    sent = one(run, plan, recorder, "post = /x", "body_file = data.bin",
               files={"data.bin": data})
    assert sent.body == data
    assert sent.header("Content-Length") == str(len(data))


def parts_of(sent):
    """(name, file name, type, bytes) of each part that was sent."""
    head = f"Content-Type: {sent.header('Content-Type')}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + sent.body,
                                     policy=email.policy.HTTP)
    assert whole.get_content_type() == "multipart/form-data"
    return [(part.get_param("name", header="Content-Disposition"),
             part.get_filename(), part.get("Content-Type"),
             part.get_payload(decode=True)) for part in whole.iter_parts()]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_parts_arrive_as_fields_and_files(run, plan, recorder, method):
    photo = bytes(range(256)) * 5000
    done = run(plan(recorder.url, f"{method} = /x",
                    "multipart = title = a & b=c", "multipart = n=${iteration}",
                    "multipart = photo=@./photo.jpg", "multipart = at=@@home",
                    "multipart = empty=@empty"), "-n", 3,
               files={"photo.jpg": photo, "empty": b""}).check()
    assert done.status == 0, done.said
    assert len(recorder.sent) == 3
    for i, sent in enumerate(recorder.sent, 1):
        assert sent.method == method.upper()
        assert sent.header("Expect") is None
        assert int(sent.header("Content-Length")) == len(sent.body)
        assert parts_of(sent) == [
            ("title", None, None, b"a & b=c"),
            ("n", None, None, str(i).encode()),
            ("photo", "photo.jpg", "image/jpeg", photo),
            ("at", None, None, b"@home"),
            ("empty", "empty", "application/octet-stream", b"")]


def test_parts_go_out_again_where_a_redirect_keeps_them(run, plan, recorder):
    recorder.reply = lambda sent: (
        (307, [("Location", "/y")], b"on") if sent.uri == "/x"
        else (200, [], b"ok"))
    done = run(plan(recorder.url, "post = /x", "multipart = f=@f.txt",
                    "multipart = u=${user}"), "-n", 3,
               files={"f.txt": b"text"})
    assert done.status == 0, done.said
    assert [sent.uri for sent in recorder.sent] == ["/x", "/y"] * 3
    assert all(parts_of(sent) == [("f", "f.txt", "text/plain", b"text"),
                                  ("u", None, None, b"1")]
               for sent in recorder.sent)


def test_a_post_without_a_body_has_length_nought(run, plan, recorder):
    sent = one(run, plan, recorder, "post = /x")
    assert (sent.body, sent.header("Content-Length")) == (b"", "0")


def test_headers_of_all_levels_are_sent_and_the_nearest_counts(
        run, plan, recorder):
    sent = one(run, plan, recorder, "header = X-Task: task",
               "header = x-both: task", "get = /x", "header = X-Step: s;t",
               "header = X-Step-Two: ${user}",
               http="header = X-All: all\nheader = X-Both: all")
    assert sent.header("X-All") == "all"
    assert sent.header("X-Both") == "task"
    assert sent.header("X-Task") == "task"
    assert sent.header("X-Step") == "s;t"
    assert sent.header("X-Step-Two") == "1"


def test_headers_of_libcurl_can_be_replaced_and_removed(run, plan, recorder):
    sent = one(run, plan, recorder, "post = /x", "json = {}",
               "header = Content-Type: application/vnd.api+json",
               "header = Host: other.example", "header = Accept:",
               "header = User-Agent: mine/1")
    assert sent.header("Content-Type") == "application/vnd.api+json"
    assert sent.header("Host") == "other.example"
    assert sent.header("Accept") is None
    assert sent.header("User-Agent") == "mine/1"


@pytest.mark.parametrize("line", [
    "header = X-Mine: ${env EVIL}", "header = Cookie: a=${env EVIL}",
    "auth = user:${env EVIL}", "get = /y?${env EVIL}"])
def test_a_line_end_never_gets_into_a_header(run, plan, recorder, line):
    steps = ["get = /x", line] if not line.startswith("get") else [line]
    done = run(plan(recorder.url, *steps), "-n", 2,
               env={"EVIL": "a\r\nX-Smuggled: yes\r\n\r\nGET /evil HTTP/1.1"})
    for sent in recorder.sent:
        assert sent.header("X-Smuggled") is None
        assert "evil" not in sent.uri.split("?")[0]
    if line.startswith("header"):
        assert (done.status, recorder.sent) == (1, [])
        assert done.failed == 2
        assert sum(done.failures.values()) == 2


def test_query_and_form_encode_line_ends_instead(run, plan, recorder):
    sent = one(run, plan, recorder, "post = /x", "query = a=${env EVIL}",
               "form = b=${env EVIL}", env={"EVIL": "x\r\ny"})
    assert sent.uri == "/x?a=x%0D%0Ay"
    assert sent.body == b"b=x%0D%0Ay"


def test_auth_is_basic(run, plan, recorder):
    sent = one(run, plan, recorder, "get = /x", "auth = anna:pass:word")
    assert sent.header("Authorization") == (
        "Basic " + base64.b64encode(b"anna:pass:word").decode())


def test_variables_are_encoded_as_asked(run, plan, recorder):
    sent = one(run, plan, recorder, "post = /x/${env V|url}",
               'body = {"v": "${env V|json}", "b": "${env V|base64}", '
               '"d": "$${user}"}', env={"V": 'a"b/c d'})
    assert sent.uri == "/x/a%22b%2Fc%20d"
    assert json.loads(sent.body) == {
        "v": 'a"b/c d', "b": base64.b64encode(b'a"b/c d').decode(),
        "d": "${user}"}


def test_compression_is_asked_for_only_where_the_plan_says_so(
        run, plan, recorder, target):
    assert one(run, plan, recorder, "get = /x").header(
        "Accept-Encoding") is None
    recorder.sent.clear()
    sent = one(run, plan, recorder, "get = /x", http="compression = yes")
    assert "gzip" in sent.header("Accept-Encoding")
    done = run(plan(target.url, "get = /gzip", http="compression = yes"))
    assert done.status == 0, done.said


def test_each_user_keeps_its_own_cookies(run, recorder):
    def reply(sent):
        if sent.uri != "/login":
            return 200, [], b"ok"
        return 200, [("Set-Cookie", f"sid={len(recorder.sent)}; Path=/")], b""
    recorder.reply = reply
    done = run(f"""
[load]
host = {recorder.url}
users = 6
spawn_rate = 1000
workers = 2
[user u]
iterations = 4
on_start = login
[task login]
post = /login
[task me]
get = /me/${{user}}
name = /me
""").check()
    assert done.status == 0, done.said
    cookies = collections.defaultdict(set)
    for sent in recorder.sent:
        if sent.uri == "/login":
            assert sent.header("Cookie") is None
        else:
            cookies[sent.uri].add(sent.header("Cookie"))
    assert len(cookies) == 6
    assert all(len(of_user) == 1 for of_user in cookies.values())
    assert len(set.union(*cookies.values())) == 6
    assert None not in set.union(*cookies.values())


def test_without_cookies_none_are_kept(run, plan, recorder):
    recorder.reply = lambda sent: (200, [("Set-Cookie", "a=b; Path=/")], b"")
    run(plan(recorder.url, "get = /x"), "-n", 3).check()
    assert [s.header("Cookie") for s in recorder.sent] == [None, "a=b", "a=b"]
    recorder.sent.clear()
    run(plan(recorder.url, "get = /x", http="cookies = no"), "-n", 3).check()
    assert [sent.header("Cookie") for sent in recorder.sent] == [None] * 3


def test_a_path_in_the_host_stays_in_front(run, plan, recorder):
    done = run(plan(recorder.url + "/base/", "get = /x")).check()
    assert done.status == 0, done.said
    assert recorder.sent[0].uri == "/base/x"


def test_a_whole_url_needs_no_host(run, recorder):
    done = run(f"[load]\niterations = 1\n[task t]\nget = {recorder.url}/x\n")
    assert done.status == 0, done.said
    assert recorder.sent[0].uri == "/x"


def test_the_host_of_the_command_line_beats_the_plans(run, plan, recorder):
    done = run(plan("http://127.0.0.1:1", "get = /x"), "-H", recorder.url)
    assert done.status == 0, done.said
    assert len(recorder.sent) == 1


def test_redirects_can_be_left_alone(run, plan, target):
    done = run(plan(target.url, "get = /redirect/3", http="redirects = 0"))
    assert done.status == 0, done.said
    assert target.counts()["requests"] == 1


def test_source_addresses_are_dealt_out_to_users(run, plan, recorder):
    done = run(plan(recorder.url, "get = /${user}", load="wait = 0",
                    http="source_ip = 127.0.0.2, 127.0.0.3",
                    rest="[user any]\niterations = 2"), "-u", 4, "-w", 2)
    assert done.status == 0, done.said
    clients = collections.Counter(
        client for client, _ in {(s.client, s.uri) for s in recorder.sent})
    assert clients == {"127.0.0.2": 2, "127.0.0.3": 2}


def test_resolve_sends_a_name_to_an_address(run, plan, recorder):
    done = run(plan(f"http://shop.example:{recorder.port}", "get = /x",
                    http="resolve = "
                    f"shop.example:{recorder.port}:127.0.0.1"))
    assert done.status == 0, done.said
    assert recorder.sent[0].header("Host") == f"shop.example:{recorder.port}"


def test_requests_can_go_through_a_unix_socket(run, plan, nginx):
    done = run(plan("http://shop.example", "get = /x",
                    http=f"unix_socket = {nginx.unix_socket}"), "-n", 5)
    assert done.status == 0, done.said
    hits = nginx.log()
    assert len(hits) == 5
    assert {hit.client for hit in hits} == {"unix:"}


def test_a_proxy_is_used_only_when_the_plan_names_one(run, plan, recorder):
    done = run(plan(recorder.url, "get = /x"), env={
        "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
    assert done.status == 0, done.said
    done = run(plan("http://shop.example", "get = /y",
                    http=f"proxy = {recorder.url}"))
    assert done.status == 0, done.said
    assert [sent.uri for sent in recorder.sent] == [
        "/x", "http://shop.example/y"]
