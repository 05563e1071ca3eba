#!/usr/bin/env bash
# The command line as its users meet it. Usage: tests/system/cli.sh BINARY
set -euo pipefail
tocsin=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

passed=0
failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL: $1"; }
# expect STATUS DESCRIPTION COMMAND…: runs it, keeps stdout in out and stderr in err
expect() {
  local wanted=$1 what=$2 got=0
  shift 2
  "$@" >out 2>err </dev/null || got=$?
  if [ "$got" = "$wanted" ]; then ok; else bad "$what: exit $got, not $wanted"; tail -3 err; fi
}
contains() { if grep -qF -- "$2" "$1"; then ok; else bad "$1 lacks: $2"; fi; }
lacks() { if grep -qF -- "$2" "$1"; then bad "$1 has: $2"; else ok; fi; }
lines() { if [ "$(wc -l <"$1")" = "$2" ]; then ok; else bad "$1 has $(wc -l <"$1") lines, not $2"; fi; }
titles() { python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["rule"]["title"])' <"$1"; }

rules=$root/rules
example=$root/examples/events/batch_create_compute_environment.json
sample=$root/examples/events/cloudtrail_sample.jsonl

# --- scan: the documented record raises what it deserves and nothing else
expect 0 "scan of the example" "$tocsin" scan --rules "$rules" "$example"
lines out 2
titles out >got
contains got "AWS Batch Compute Environment Changed Without MFA"
contains got "AWS Batch Changed From Outside Trusted Networks"
contains err "1 records"

# --- every layout and transport of the same records gives the same alerts
cp "$sample" plain.jsonl
python3 - <<'PY'
import base64, gzip, json
records = [json.loads(line) for line in open("plain.jsonl") if line.strip()]
def put(name, data):
    open(name, "wb").write(data if isinstance(data, bytes) else data.encode())
put("records.json", json.dumps({"Records": records}))
put("pretty.json", json.dumps({"Records": records}, indent=2))
put("array.json", json.dumps(records, indent=1))
put("pretty_objects.json", "\n".join(json.dumps(r, indent=4) for r in records))
put("concatenated.json", "".join(json.dumps(r) for r in records))
put("crlf.jsonl", "\r\n".join(json.dumps(r) for r in records))
put("bom.jsonl", b"\xef\xbb\xbf" + "\n".join(json.dumps(r) for r in records).encode())
half = len(records) // 2
put("members.jsonl.gz", b"".join(gzip.compress(("\n".join(json.dumps(r) for r in part) + "\n").encode())
                                 for part in (records[:half], records[half:])))
put("log.json.gz", gzip.compress(json.dumps({"Records": records}).encode()))
put("eventbridge.jsonl", "\n".join(json.dumps({
    "version": "0", "id": "x", "detail-type": "AWS API Call via CloudTrail", "source": "aws.batch",
    "account": "111122223333", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
    "resources": [], "detail": r}) for r in records))
put("cwl.json", json.dumps({
    "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g", "logStream": "s",
    "subscriptionFilters": ["f"],
    "logEvents": [{"id": str(i), "timestamp": 1, "message": json.dumps(r)} for i, r in enumerate(records)]}))
put("sns.jsonl", "\n".join(json.dumps({
    "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
    "Message": json.dumps(r), "Timestamp": "2026-01-01T00:00:00.000Z"}) for r in records))
PY
expect 0 "scan of JSON lines" "$tocsin" scan --rules "$rules" plain.jsonl
titles out >wanted
for layout in records.json pretty.json array.json pretty_objects.json concatenated.json crlf.jsonl \
  bom.jsonl members.jsonl.gz log.json.gz eventbridge.jsonl cwl.json sns.jsonl; do
  expect 0 "scan of $layout" "$tocsin" scan --rules "$rules" "$layout"
  titles out >got
  if cmp -s got wanted; then ok; else bad "$layout gives other alerts"; fi
done
"$tocsin" scan --rules "$rules" - <log.json.gz >out 2>err
titles out >got
if cmp -s got wanted; then ok; else bad "standard input gives other alerts"; fi
mkdir -p tree/2026/01 && cp log.json.gz tree/2026/01/ && cp plain.jsonl tree/
# Every event is there twice: rules tell it twice, detections over time count it once.
over_time=$("$tocsin" scan --rules "$rules" --output jsonl plain.jsonl 2>/dev/null | grep -c '"correlation":' || true)
if [ "$over_time" -ge 1 ]; then ok; else bad "the sample raises nothing over time"; fi
expect 0 "scan of a folder" "$tocsin" scan --rules "$rules" tree
lines out $((($(wc -l <wanted) - over_time) * 2 + over_time))

# --- the same alerts in the same order on any number of threads
for i in $(seq 200); do cat plain.jsonl; done >many.jsonl
strip() { sed -E 's/"detected_at":"[^"]*",//' "$1"; }
expect 0 "one thread" "$tocsin" scan --rules "$rules" --threads 1 many.jsonl
strip out >one
for threads in 2 4; do
  expect 0 "$threads threads" "$tocsin" scan --rules "$rules" --threads "$threads" many.jsonl
  strip out >several
  if cmp -s one several; then ok; else bad "$threads threads give another output"; fi
done

# --- more alerts than a worker keeps: they are handed over in parts, and nothing changes
mkdir every
for i in 1 2 3 4 5 6 7 8; do
  cat >"every/$i.yml" <<YML
title: Every event, rule $i
id: 7c1f7d5e-3d52-4d0f-8a51-5b0f6a1e000$i
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName|exists: true
    condition: selection
YML
done
{ head -3 plain.jsonl; cat records.json; echo; cat many.jsonl; } >mixed.jsonl
for output in jsonl table; do
  expect 0 "many alerts, one thread" "$tocsin" scan --rules every --output "$output" mixed.jsonl
  strip out >one
  expect 0 "many alerts, three threads" "$tocsin" scan --rules every --output "$output" --threads 3 mixed.jsonl
  strip out >several
  if cmp -s one several; then ok; else bad "many alerts differ by threads ($output)"; fi
done
records=$(($(wc -l <plain.jsonl) * 201 + 3))
expect 0 "many alerts as lines" "$tocsin" scan --rules every --output jsonl mixed.jsonl
lines out $((records * 8))
if tail -8 out | grep -vq "\"record\":$records}"; then bad "the last record has another number"; else ok; fi

# --- a bad record is reported with its place and hides nothing
{ head -3 plain.jsonl; echo '{"eventName": "Cut", "userIdentity": {'; tail -n +4 plain.jsonl; } >cut.jsonl
expect 0 "scan with a cut record" "$tocsin" scan --rules "$rules" cut.jsonl
titles out >got
if cmp -s got wanted; then ok; else bad "a cut record hides others"; fi
contains err "cut.jsonl:4"
contains err "1 rejected"
expect 2 "--strict with a cut record" "$tocsin" scan --strict --rules "$rules" cut.jsonl
printf '{"eventName":"X","eventSource":"y","n":1234567890123456789012345}\n{"eventName":"\\ud800","eventSource":"y"}\n{"eventName":"\xff","eventSource":"y"}\n' >odd.jsonl
expect 0 "scan of odd records" "$tocsin" scan --rules "$rules" odd.jsonl
contains err "odd.jsonl:1"
contains err "odd.jsonl:2"
contains err "odd.jsonl:3"
contains err "3 repaired"
head -c 2000 log.json.gz >truncated.json.gz
expect 0 "scan of a truncated gzip file" "$tocsin" scan --rules "$rules" truncated.json.gz "$example"
contains err "truncated.json.gz"
lines out $(($(wc -l <out)))
titles out >got
contains got "AWS Batch Compute Environment Changed Without MFA"

# --- a record of 6 MB, all values, under a keyword rule: read in part, said so, in bounded memory
mkdir keyword
cat >keyword/keyword.yml <<'YML'
title: A keyword
id: 0a3f9c3e-6f3b-4d8c-9b0f-2f8c1f1f7a12
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
    keywords: [needle]
    condition: keywords
YML
python3 -c 'print("{\"eventName\":\"needle\",\"eventSource\":\"y\",\"a\":[" + "1," * 3000000 + "\"needle\"]}")' >values.jsonl
expect 0 "scan of many values" "$tocsin" scan --rules keyword --stats values.json values.jsonl
contains err "values.jsonl:1: record 1 (byte 0): more than 500,000 values; the rest was not matched"
lines out 1
if python3 -c 'import json; assert json.load(open("values.json"))["max_rss_bytes"] < 256 << 20'; then ok; else bad "many values need much memory"; fi

# --- records have the numbers of their input, whatever lines hold and wherever batches end
python3 - <<'PY'
import json
record = {"eventName": "needle", "eventSource": "y"}
sns = {"TopicArn": "t", "Type": "Notification", "Message": "\n".join([json.dumps(record)] * 3)}
probe = {"Service": "Amazon S3", "Event": "s3:TestEvent"}
with open("numbers.jsonl", "w") as out, open("wanted_numbers", "w") as wanted:
    number = 0
    for i in range(9000):
        if i % 5 == 0:
            out.write(json.dumps(sns) + "\n")
            fires = 3
        elif i % 7 == 0:
            out.write(json.dumps(probe) + "\n")
            continue
        elif i % 11 == 0:
            out.write('{"eventName": nothing}\n')
            number += 1
            continue
        else:
            out.write(json.dumps(record) + "\n")
            fires = 1
        for _ in range(fires):
            number += 1
            wanted.write(f"{number}\n")
PY
for threads in 1 3; do
  expect 0 "numbers on $threads threads" "$tocsin" scan --rules keyword --threads "$threads" numbers.jsonl
  python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["input"]["record"])' <out >got
  if cmp -s got wanted_numbers; then ok; else bad "records have other numbers on $threads threads"; fi
done

# --- a rule that only asks for a fact
mkdir fact
sed -e 's/keywords: .*/selection: {tocsin.identity_kind: root}/' -e 's/condition: .*/condition: selection/' \
  keyword/keyword.yml >fact/fact.yml
echo '{"eventName":"x","eventSource":"y","userIdentity":{"type":"Root"}}' >root.jsonl
expect 0 "scan for a fact" "$tocsin" scan --rules fact root.jsonl
lines out 1

# --- exit codes
expect 1 "--fail-on medium" "$tocsin" scan --rules "$rules" --fail-on medium --output none "$example"
expect 0 "--fail-on critical" "$tocsin" scan --rules "$rules" --fail-on critical --output none "$example"
lines out 0
expect 2 "a missing input" "$tocsin" scan --rules "$rules" nowhere.json
contains err "nowhere.json"
expect 2 "no rules" "$tocsin" scan --rules nowhere "$example"
expect 2 "bad usage" "$tocsin" scan --rules "$rules"
expect 2 "rules where inputs belong" "$tocsin" scan --rules "$rules" mine.yml "$example"
contains err "mine.yml is a rule file"
contains err "--rules A B -- INPUT"

# --- several rule paths: the option again, or a list that ends with --
rule_with_title() {
  printf 'title: %s\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: "*"}\n  condition: s\n' "$1"
}
rule_with_title "The first of two" >first.yml
rule_with_title "The second of two" >second.yml
for form in "--rules first.yml second.yml --" "--rules first.yml --rules second.yml" \
  "--output jsonl -r first.yml second.yml --" "--threads 1 --lists . --rules first.yml second.yml --"; do
  # shellcheck disable=SC2086
  expect 0 "scan $form" "$tocsin" scan $form "$example"
  contains err "The first of two"
  contains err "The second of two"
done
expect 0 "the first of two rules" "$tocsin" scan --rules first.yml "$example"
contains err "The first of two"
lacks err "The second of two"
expect 0 "explain with a list of rules" "$tocsin" explain --rules first.yml second.yml -- "The second of two" "$example"
for command in scan explain fields; do
  expect 0 "help of $command" "$tocsin" "$command" --help
  contains out "--rules A B -- "
done
expect 2 "no subcommand" "$tocsin"
expect 0 "version" "$tocsin" version
contains out "tocsin "

# --- counts and times for machines
expect 0 "--stats" "$tocsin" scan --rules "$rules" --output none --threads 2 --stats stats.json cut.jsonl
if python3 - $(($(wc -l <cut.jsonl) - 1)) "$(wc -l <wanted)" "$(stat -c %s cut.jsonl)" <<'PY'
import json, sys
stats = json.load(open("stats.json"))
records, matches, size = map(int, sys.argv[1:])
counted = {k: v for k, v in stats.items() if k in ("records", "rejected", "repaired", "matches", "input_bytes", "threads")}
assert counted == {"records": records, "rejected": 1, "repaired": 0, "matches": matches,
                   "input_bytes": size, "threads": 2}, stats
assert stats["rules"] > 100 and stats["max_rss_bytes"] > 1 << 20, stats
assert all(0 < stats[name] < 60 for name in ("load_seconds", "scan_seconds", "scan_cpu_seconds")), stats
PY
then ok; else bad "--stats counts otherwise"; fi
expect 2 "--stats into a missing folder" "$tocsin" scan --rules "$rules" --stats nowhere/stats.json "$example"
contains err "nowhere/stats.json"
lines out 0
expect 2 "--stats -" "$tocsin" scan --rules "$rules" --stats - "$example"
expect 2 "--stats on a full disk" "$tocsin" scan --rules "$rules" --output none --stats /dev/full "$example"
contains err "/dev/full"

# --- hostile text cannot steer the terminal
printf '{"eventVersion":"1.08","eventSource":"batch.amazonaws.com","eventName":"CreateComputeEnvironment","eventTime":"2026-01-01T00:00:00Z","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userAgent":"\\u001b[2Jgone\\u202e","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/x/y","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},"eventID":"1"}\n' >hostile.jsonl
expect 0 "hostile text" "$tocsin" scan --rules "$rules" --output table hostile.jsonl
contains out '\x1b[2Jgone'
if grep -q $'\x1b' out; then bad "an escape sequence got through"; else ok; fi

# --- check
mkdir pack
cat >pack/typo.yml <<'YML'
title: A rule with a typo
id: 0a3f9c3e-6f3b-4d8c-9b0f-2f8c1f1f7a11
status: test
level: low
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName|contians: Create
    condition: selection
YML
expect 2 "check of a typo" "$tocsin" check pack
contains out "typo.yml:8:"
contains out "contians"
contains out "contains"
expect 2 "check as JSON" "$tocsin" check --output json pack
if python3 -m json.tool out >/dev/null; then ok; else bad "check --output json is not JSON"; fi
expect 2 "check as SARIF" "$tocsin" check --output sarif pack
if python3 -c 'import json; r = json.load(open("out")); assert r["version"] == "2.1.0" and r["runs"][0]["results"]'; then
  ok
else
  bad "check --output sarif is not SARIF"
fi
expect 0 "check of the shipped rules" "$tocsin" check "$rules"
expect 0 "what the shipped rules cost" "$tocsin" check --cost "$rules"
contains out "WAITS UNTIL"
contains out 'eventName is `'
mkdir dear
sed 's/eventName|contians: Create/eventName: null/; s/with a typo/that lacks/' pack/typo.yml >dear/lacks.yml
"$tocsin" check --cost dear >out 2>&1
contains out "always"
contains out "add what must be there"
"$tocsin" check --cost --output json dear >out 2>&1
if python3 -c 'import json; r = json.load(open("out")); assert r["costs"][0]["cost"] == "always"'; then
  ok
else
  bad "check --cost --output json is not what it should be"
fi
expect 2 "costs as SARIF" "$tocsin" check --cost --output sarif dear

# --- test
sed 's/contians/contains/' pack/typo.yml >pack/good.yml && rm pack/typo.yml
cat >pack/good.test.yml <<'YML'
tests:
    - name: creates
      fires: true
      event: {eventName: CreateThing}
    - name: deletes
      fires: false
      event: {eventName: DeleteThing}
YML
expect 0 "test of a good rule" "$tocsin" test pack
contains out "2 passed, 0 failed"
sed -i 's/fires: false/fires: true/' pack/good.test.yml
expect 1 "test of a failing case" "$tocsin" test --junit junit.xml pack
contains out "1 passed, 1 failed"
contains out "does not fire"
if python3 -c 'import xml.etree.ElementTree as e; r = e.parse("junit.xml").getroot(); assert r.get("failures") == "1"'; then
  ok
else
  bad "the JUnit file is wrong"
fi

# --- explain and fields
expect 0 "explain of a match" "$tocsin" explain pack/good.yml '{"eventName":"CreateThing"}'
contains out "The rule fires"
expect 1 "explain of no match" "$tocsin" explain pack/good.yml '{"eventName":"DeleteThing"}'
contains out "The rule does not fire"
expect 2 "explain of an unknown rule" "$tocsin" explain --rules pack Nothing '{}'
expect 0 "explain as JSON" "$tocsin" explain --output json --rules pack "A rule with a typo" '{"eventName":"CreateThing"}'
if python3 -c 'import json; r = json.load(open("out")); assert r["fires"]'; then ok; else bad "explain --output json"; fi
expect 0 "fields" "$tocsin" fields --rules pack plain.jsonl
contains out "eventName"
expect 0 "fields that never occur" "$tocsin" fields --missing --rules pack hostile.jsonl
lacks out "eventName"

# --- detections over time: correlations in tests, scans, explanations and checks
mkdir over && cat >over/denied.yml <<'YML'
title: Denied, then let in
id: 3d1d3f04-0b8f-4f0c-9a53-6f1f7a7f2c01
name: denied_then_let_in
level: high
correlation:
    type: temporal_ordered
    rules: [many_denied, let_in]
    group-by: [tocsin.principal]
    timespan: 10m
---
title: Three calls denied
name: many_denied
correlation:
    type: event_count
    rules: [denied]
    group-by: [tocsin.principal]
    timespan: 5m
    condition: {gte: 3}
---
title: Call denied
name: denied
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {errorCode: AccessDenied}
    condition: selection
---
title: Secret read
name: let_in
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName: GetSecretValue, errorCode: null}
    condition: selection
YML
cat >over/denied.test.yml <<'YML'
base:
    eventSource: secretsmanager.amazonaws.com
    eventName: GetSecretValue
    userIdentity: {type: IAMUser, arn: 'arn:aws:iam::111122223333:user/mara'}
tests:
    - name: three denials, the first of them late, then a success
      timeline:
          - {at: +10s, times: 2, every: 10s, event: {errorCode: AccessDenied}}
          - {at: +1m}
          - {at: +0s, arrives: +4m, event: {errorCode: AccessDenied}}
          - until: +1h
      alerts:
          - at: +1m
            rule: denied_then_let_in
            raised: +4m
            group: {tocsin.principal: 'arn:aws:iam::111122223333:user/mara'}
            hits: 2
            firings: 1
    - name: two denials, each of them twice
      timeline:
          - {at: +0s, times: 2, every: 10s, again: 1, event: {errorCode: AccessDenied}}
          - {at: +1m}
          - until: +1h
      alerts: []
YML
expect 0 "test of timelines" "$tocsin" test over
contains out "2 passed, 0 failed"

# A timeline that fails says what was raised, and when, in the words of the test.
mkdir missed && cp over/denied.yml missed/
sed -e 's/raised: +4m/raised: +1m/' -e 's/alerts: \[\]/alerts: [{at: +10s}]/' over/denied.test.yml >missed/denied.test.yml
expect 1 "test of failing timelines" "$tocsin" test missed
contains out "FAIL  three denials, the first of them late, then a success"
contains out "alert 1 was raised +4m, not +1m"
contains out "Denied, then let in\` at +1m, raised +4m, hits 2, firings 1, tocsin.principal = arn:aws:iam::111122223333:user/mara"
lacks out '\n'
contains out "FAIL  two denials, each of them twice"
contains out "expected 1 alert, got nothing"
contains out "0 passed, 2 failed"
sed 's/+1m}/+1 minute}/' over/denied.test.yml >missed/denied.test.yml
expect 2 "test of a moment that is none" "$tocsin" test missed
contains err "denied.test.yml:9:"

# Two files in the wrong order of time, one event in both: one alert, and the same output on any
# number of threads.
mkdir hours && python3 - <<'PY'
import json
def event(number, clock, **more):
    return {"eventVersion": "1.11", "eventID": f"{number:08d}-0000-4000-8000-000000000000",
            "eventTime": f"2026-03-02T{clock}Z", "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "GetSecretValue", "awsRegion": "eu-central-1",
            "sourceIPAddress": "203.0.113.77", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mara",
                             "accountId": "111122223333", "userName": "mara"}, **more}
denied = [event(i, f"10:5{7 + i}:00", errorCode="AccessDenied") for i in range(3)]
read = event(9, "11:02:30")
later = [event(20 + i, f"11:{20 + i}:00", eventName="ListSecrets") for i in range(30)]
with open("hours/a.jsonl", "w") as out:
    for one in [*later, read, denied[2]]:
        out.write(json.dumps(one) + "\n")
with open("hours/b.jsonl", "w") as out:
    for one in [denied[2], denied[0], denied[1]]:
        out.write(json.dumps(one) + "\n")
PY
# what correlations cannot use or keep is told
python3 - <<'PY'
import json
with open("unused.jsonl", "w") as out:
    for number in range(10_700):
        when = "2026-03-02T11:00:00Z" if number >= 3 else "some day"
        out.write(json.dumps({"eventVersion": "1.11", "eventID": f"{number:08d}-0000-4000-8000-000000000000",
                              "eventTime": when, "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
                              "awsRegion": "eu-central-1", "errorCode": "AccessDenied",
                              "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/mara"}}) + "\n")
PY
for threads in 1 4; do
  expect 0 "scan with hits beyond what is kept, $threads threads" "$tocsin" scan --rules over --output none \
    --threads "$threads" unused.jsonl
  contains err "3 events without a usable eventTime could not be correlated"
  contains err "hits or groups were more than correlations keep"
done
expect 0 "scan that loses nothing" "$tocsin" scan --rules over --output none hours
lacks err "could not be correlated"
lacks err "more than correlations keep"
for threads in 1 4; do
  expect 0 "scan over time, $threads threads" "$tocsin" scan --rules over --output jsonl \
    --threads "$threads" hours/a.jsonl hours/b.jsonl
  contains err "35 records"
  lines out 1
  if python3 - <<'PY'
import json
alert = json.loads(open("out").read())
told = alert["correlation"]
assert alert["rule"]["title"] == "Denied, then let in" and alert["rule"]["level"] == "high", alert
assert told["type"] == "temporal_ordered" and told["hits"] == 2 and told["firings"] == 1, told
assert told["group_by"] == {"tocsin.principal": "arn:aws:iam::111122223333:user/mara"}, told
assert told["first"] == told["last"] == "2026-03-02T11:02:30Z", told
assert [(e["event_name"], e["event_time"]) for e in told["events"]] == [
    ("GetSecretValue", "2026-03-02T10:59:00Z"), ("GetSecretValue", "2026-03-02T11:02:30Z")], told
PY
  then ok; else bad "the alert over time is another ($threads threads)"; fi
  strip out >"over_$threads"
done
if cmp -s over_1 over_4; then ok; else bad "threads change an alert over time"; fi
expect 0 "scan over time, files in order" "$tocsin" scan --rules over --output jsonl hours/b.jsonl hours/a.jsonl
if python3 - <<'PY'
import json
first, second = (json.loads(open(name).read()) for name in ("over_1", "out"))
for alert in (first, second):
    for event in alert["correlation"]["events"]:
        event.pop("input", None)
assert first["id"] == second["id"] and first["correlation"] == second["correlation"]
PY
then ok; else bad "the order of files changes an alert over time"; fi
expect 1 "--fail-on of an alert over time" "$tocsin" scan --rules over --fail-on high --output none hours
expect 0 "scan over time, as a card" "$tocsin" scan --rules over --output table hours
contains out "HIGH  Denied, then let in"
contains out "principal = arn:aws:iam::111122223333:user/mara"
head -31 hours/a.jsonl >alone.jsonl
expect 0 "scan without the first half" "$tocsin" scan --rules over --output jsonl alone.jsonl
lines out 0

# What did not come is told once a later event, of whatever kind, says that its time is over.
cat >absent.yml <<'YML'
title: Read and nothing listed
correlation:
    type: temporal_ordered
    rules: [read, listed]
    group-by: [recipientAccountId]
    timespan: 10m
    condition: read and not listed
---
title: Read
name: read
logsource: {product: aws, service: cloudtrail}
detection: {call: {eventName: GetSecretValue, errorCode: null}, condition: call}
---
title: Listed
name: listed
logsource: {product: aws, service: cloudtrail}
detection: {call: {eventName: ListSecrets}, condition: call}
YML
{ grep GetSecretValue hours/a.jsonl; sed -n '2s/T10:57/T11:12/p' hours/b.jsonl; } >passed.jsonl
expect 0 "scan for what did not come" "$tocsin" scan --rules absent.yml --output jsonl passed.jsonl
lines out 0
sed -i 's/T11:12:00/T11:12:31/' passed.jsonl
expect 0 "scan for what did not come, later" "$tocsin" scan --rules absent.yml --output jsonl passed.jsonl
lines out 1
contains out '"first":"2026-03-02T11:12:30Z"'

# The shipped story: one critical alert that outranks its parts.
story=$root/examples/events/role_taken_over.jsonl
tac "$story" >backwards.jsonl
for stream in "$story" backwards.jsonl; do
  expect 0 "scan of the story" "$tocsin" scan --rules "$rules/aws/batch" --output jsonl "$stream"
  lines out 4
  if [ "$(grep -c '"level":"critical"' out)" = 1 ]; then ok; else bad "the story is not one critical alert"; fi
  tail -1 out >last
  contains last "7957c599-efaa-429d-976c-cad0b6989356"
done

# explain of a correlation reads all events
expect 0 "explain of a correlation" "$tocsin" explain --rules over denied_then_let_in hours
contains out "Denied, then let in (3d1d3f04-0b8f-4f0c-9a53-6f1f7a7f2c01, high)"
contains out "1 episode"
contains out "2026-03-02T11:02:30Z"
contains out "tocsin.principal = arn:aws:iam::111122223333:user/mara"
contains out "Live windows at 2026-03-02T11:49:00Z"
expect 1 "explain of a correlation that holds nowhere" "$tocsin" explain --rules over denied_then_let_in alone.jsonl
expect 0 "explain of a correlation as JSON" "$tocsin" explain --output json --rules over many_denied hours
if python3 - <<'PY'
import json
told = json.load(open("out"))
assert told["rule"] == "Three calls denied" and isinstance(told["live"], list), told
[episode] = told["episodes"]
assert episode["hits"] == 3 and episode["measure"] == 3 and episode["condition"] == "≥ 3", episode
assert episode["window"]["timespan_seconds"] == 300 and len(episode["events"]) == 3, episode
PY
then ok; else bad "explain --output json of a correlation"; fi

# check: extensions are named, one group for everything is said, mistakes have their place
expect 1 "check --portable of correlations" "$tocsin" check --portable over
contains out "denied.yml:6:11: note X801: the field \`tocsin.principal\` is a fact computed by Tocsin"
expect 0 "check --portable of the shipped correlations" "$tocsin" check --portable "$rules/aws/general" "$rules/aws/cloudtrail"
contains out "note X801: the correlation type \`new_value\` is Tocsin's own"
contains out "note X801: the correlation type \`silent_source\` is Tocsin's own"
contains out "note X801: a boolean \`condition\` in a correlation is part of the Sigma 2.2 draft"
contains out "0 errors, 0 warnings"
mkdir alike && sed '/group-by/d' over/denied.yml >alike/denied.yml
"$tocsin" check alike >out 2>err </dev/null || true
contains out "note W623: without \`group-by\`"
contains out "0 errors"
lacks err "error"
mkdir wrong && sed -e 's/timespan: 10m/timespam: 10m/' -e 's/gte: 3/gte: 3, lt: 2/' over/denied.yml >wrong/denied.yml
expect 2 "check of correlations with mistakes" "$tocsin" check wrong
contains out "denied.yml:9:5: error S409: \`timespam\` is not an attribute of correlations"
contains out "did you mean \`timespan\`?"
contains out "denied.yml:18:29: error S412: no group can fulfil this condition"
expect 2 "scan --strict with them" "$tocsin" scan --strict --rules wrong --output none hours
contains err "denied.yml:9:5"
sed 's/\[many_denied, let_in\]/[many_denied, nobody]/' over/denied.yml >wrong/denied.yml
expect 2 "check of a correlation of an unknown rule" "$tocsin" check wrong
contains out "denied.yml:7:26: error S407: there is no rule \`nobody\` among the loaded ones"

# --- Ctrl-C ends with the summary so far
mkfifo pipe
"$tocsin" scan --rules "$rules" --output none --threads 2 - <pipe >out 2>err &
pid=$!
exec 3>pipe
cat plain.jsonl >&3
sleep 1
kill -INT "$pid"
code=0
wait "$pid" || code=$?
exec 3>&-
if [ "$code" = 130 ]; then ok; else bad "interrupt: exit $code, not 130"; fi
contains err "Interrupted."

echo "cli: $passed passed, $failed failed"
[ "$failed" = 0 ]
