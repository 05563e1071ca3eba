#!/usr/bin/env python3
"""Writes the Grafana dashboards of helm/tocsin/files/dashboards from the tables below.

Usage: make_dashboards.py [OUTPUT_FOLDER]

A panel is (title, unit, [(PromQL, legend), ...]); panels stand three in a row, in order. A query
says SEL for the selector of the chosen instances and RATE for Grafana's rate interval. A test runs
every query against a real Prometheus.
"""
import json
import pathlib
import sys

SELECTOR = 'job=~"$job", instance=~"$instance"'
QUANTILES = (0.5, 0.99)


def by(labels, query):
    return f"sum by ({labels}) ({query})"


def rate(metric, *matchers):
    return f"rate({metric}{{{', '.join(['SEL', *matchers])}}}[RATE])"


def quantiles(metric, label=""):
    legend = f"{{{{{label}}}}} " if label else ""
    return [(f"histogram_quantile({q}, {by(', '.join(filter(None, [label, 'le'])), rate(metric + '_bucket'))})",
             f"{legend}p{q * 100:g}") for q in QUANTILES]


DASHBOARDS = {
    "overview": ("Tocsin: overview", [
        ("Ready", "bool_yes_no", [("tocsin_ready{SEL}", "{{instance}}")]),
        ("Not ready because", "short", [("tocsin_not_ready{SEL}", "{{reason}}")]),
        ("Version", "short", [("tocsin_build_info{SEL}", "{{version}} ({{revision}})")]),
        ("Events received", "eps", [(by("source", rate("tocsin_events_received_total")),
                                     "{{source}}")]),
        ("Bytes received", "Bps", [(by("source", rate("tocsin_received_bytes_total")),
                                    "{{source}}")]),
        ("Since the last event", "s", [
            ("time() - (tocsin_source_last_event_timestamp_seconds{SEL} > 0)", "{{source}}")]),
        ("Event lag", "s", quantiles("tocsin_event_lag_seconds", "source")),
        ("Records that cannot be read", "eps", [
            (by("source, reason", rate("tocsin_events_rejected_total")), "{{source}} {{reason}}")]),
        ("Submissions refused", "reqps", [
            (by("source, reason", rate("tocsin_submissions_refused_total")),
             "{{source}} {{reason}}")]),
        ("Alerts", "cpm", [(f"60 * {by('level', rate('tocsin_alerts_total'))}", "{{level}}")]),
        ("Commits", "ops", [(by("result", rate("tocsin_commits_total")), "{{result}}")]),
        ("One commit", "s", quantiles("tocsin_commit_seconds")),
        ("Waiting", "short", [("tocsin_queue_length{SEL}", "{{queue}}")]),
        ("Waiting, in bytes", "bytes", [("tocsin_queue_bytes{SEL}", "{{queue}}")]),
        ("Store", "bytes", [("tocsin_store_bytes{SEL}", "{{instance}}")]),
        ("CPU", "short", [(rate("process_cpu_seconds_total"), "cores")]),
        ("Memory", "bytes", [("process_resident_memory_bytes{SEL}", "resident"),
                             ("tocsin_correlation_memory_bytes{SEL}", "detections over time")]),
        ("File descriptors", "short", [("process_open_fds{SEL}", "open"),
                                       ("process_max_fds{SEL}", "limit")]),
        ("Requests", "reqps", [(by("route, status", rate("tocsin_http_requests_total")),
                                "{{route}} {{status}}")]),
        ("One request", "s", quantiles("tocsin_http_request_seconds", "route")),
        ("Connections", "short", [("tocsin_http_connections{SEL}", "open")]),
        ("Log entries", "ops", [(by("level", rate("tocsin_log_messages_total")), "{{level}}")]),
        ("Since the last restart", "s", [("time() - process_start_time_seconds{SEL}",
                                          "{{instance}}")]),
        ("Submissions set aside", "short", [("tocsin_submissions_set_aside_total{SEL}",
                                             "{{instance}}")]),
    ]),
    "detections": ("Tocsin: detections", [
        ("Rules in force", "short", [("tocsin_rules_loaded{SEL}", "{{kind}}")]),
        ("Rule files with an error", "short", [("tocsin_rule_files_failed{SEL}", "{{in_force}}")]),
        ("Last reload succeeded", "bool_yes_no", [("tocsin_config_last_reload_successful{SEL}",
                                                   "{{instance}}")]),
        ("Matches by level", "ops", [(by("level", rate("tocsin_rule_matches_total")),
                                      "{{level}}")]),
        ("Rules that match most", "ops", [
            (f"topk(10, {by('rule_id', rate('tocsin_rule_matches_total'))})", "{{rule_id}}")]),
        ("Alerts by level", "cpm", [(f"60 * {by('level', rate('tocsin_alerts_total'))}",
                                     "{{level}}")]),
        ("Firings that raised no alert of their own", "ops", [
            (by("reason", rate("tocsin_alerts_suppressed_total")), "{{reason}}"),
            (by("", rate("tocsin_firings_duplicate_total")), "seen before")]),
        ("Matching one event", "s", quantiles("tocsin_event_evaluation_seconds")),
        ("Matching one batch", "s", quantiles("tocsin_batch_evaluation_seconds")),
        ("Hits of detections over time", "ops", [
            (by("result", rate("tocsin_correlation_hits_total")), "{{result}}")]),
        ("Groups and hits in windows", "short", [
            ("tocsin_correlation_groups{SEL}", "groups"),
            ("tocsin_correlation_hits{SEL}", "hits"),
            ("tocsin_correlation_values{SEL}", "values of new_value")]),
        ("Memory of detections over time", "bytes", [("tocsin_correlation_memory_bytes{SEL}",
                                                      "{{instance}}")]),
        ("Episodes that may still be added to", "short", [("tocsin_correlation_episodes{SEL}",
                                                           "{{instance}}")]),
        ("Evicted before its time", "ops", [
            (by("what", rate("tocsin_correlation_evicted_total")), "{{what}}"),
            (by("", rate("tocsin_store_firings_evicted_total")), "firing")]),
        ("Suspended", "bool_yes_no", [("tocsin_correlation_suspended{SEL}", "{{instance}}")]),
        ("Event time is behind by", "s", [
            ("time() - (tocsin_correlation_watermark_seconds{SEL} > 0)", "{{instance}}")]),
        ("Firings remembered", "short", [("tocsin_store_firings{SEL}", "{{instance}}")]),
        ("Events dated ahead of their receipt", "eps", [
            (by("source", rate("tocsin_events_ahead_total")), "{{source}}")]),
    ]),
    "queues": ("Tocsin: queues and objects", [
        ("Messages in the queue", "short", [
            (by("source, state", "tocsin_sqs_queue_messages{SEL}"), "{{source}} {{state}}")]),
        ("The oldest message that is worked on", "s", [
            ("tocsin_sqs_oldest_message_age_seconds{SEL}", "{{source}}")]),
        ("Messages that are worked on", "short", [("tocsin_sqs_messages_in_flight{SEL}",
                                                   "{{source}}")]),
        ("Messages", "ops", [(by("source, result", rate("tocsin_sqs_messages_total")),
                              "{{source}} {{result}}")]),
        ("Messages by what they hold", "ops", [
            (by("source, kind", rate("tocsin_sqs_message_bodies_total")), "{{source}} {{kind}}")]),
        ("Visibility extensions", "ops", [
            (by("source", rate("tocsin_sqs_visibility_extensions_total")), "{{source}}")]),
        ("Objects", "ops", [(by("source, result", rate("tocsin_s3_objects_total")),
                             "{{source}} {{result}}")]),
        ("Bytes of objects", "Bps", [(by("source", rate("tocsin_s3_object_bytes_total")),
                                      "{{source}}")]),
        ("Errors", "ops", [(by("source, reason", rate("tocsin_s3_sqs_errors_total")),
                            "{{source}} {{reason}}")]),
        ("One object", "s", quantiles("tocsin_s3_object_seconds", "source")),
        ("From the notice of an object to its last record", "s",
         quantiles("tocsin_s3_object_lag_seconds", "source")),
        ("Sources that run", "bool_yes_no", [("tocsin_source_up{SEL}", "{{source}}")]),
    ]),
    "delivery": ("Tocsin: delivery", [
        ("Receivers that take notifications", "bool_yes_no", [("tocsin_receiver_up{SEL}",
                                                               "{{receiver}}")]),
        ("Waiting", "short", [('tocsin_outbox_rows{SEL, state="pending"}', "{{receiver}}")]),
        ("Dead letters kept", "short", [('tocsin_outbox_rows{SEL, state="dead"}',
                                         "{{receiver}}")]),
        ("The oldest that waits", "s", [("tocsin_outbox_oldest_seconds{SEL}", "{{receiver}}")]),
        ("Attempts", "ops", [(by("receiver, result", rate("tocsin_notifications_total")),
                              "{{receiver}} {{result}}")]),
        ("To be tried again", "ops", [(by("receiver", rate("tocsin_notification_retries_total")),
                                       "{{receiver}}")]),
        ("Given up", "ops", [(by("receiver, reason", rate("tocsin_dead_letters_total")),
                              "{{receiver}} {{reason}}")]),
        ("One attempt", "s", quantiles("tocsin_notification_duration_seconds", "receiver")),
        ("From an event's arrival to the confirmation", "s",
         quantiles("tocsin_alert_latency_seconds", "receiver")),
    ]),
}


def panel(index, title, unit, queries):
    source = {"type": "prometheus", "uid": "$datasource"}
    return {
        "id": index + 1, "title": title, "type": "timeseries", "datasource": source,
        "gridPos": {"x": index % 3 * 8, "y": index // 3 * 7, "w": 8, "h": 7},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}},
        "targets": [{"refId": chr(65 + i), "datasource": source, "legendFormat": legend,
                     "expr": query.replace("SEL", SELECTOR).replace("RATE", "$__rate_interval")
                                  .replace("sum by () ", "sum ")}
                    for i, (query, legend) in enumerate(queries)],
    }


def variable(name, query):
    return {"name": name, "type": "query", "datasource": {"type": "prometheus",
                                                          "uid": "$datasource"},
            "query": {"query": query, "refId": name}, "definition": query, "refresh": 2,
            "multi": True, "includeAll": True, "current": {"text": "All", "value": "$__all"}}


def dashboard(name):
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"tocsin-{name}", "title": title, "tags": ["tocsin"], "schemaVersion": 38,
        "timezone": "browser", "refresh": "30s", "time": {"from": "now-6h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["tocsin"], "title": "Tocsin", "asDropdown": True}],
        "templating": {"list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            variable("job", "label_values(tocsin_build_info, job)"),
            variable("instance", 'label_values(tocsin_build_info{job=~"$job"}, instance)')]},
        "panels": [panel(i, *each) for i, each in enumerate(panels)],
    }


def main():
    here = pathlib.Path(__file__).parent / "tocsin/files/dashboards"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    for name in DASHBOARDS:
        text = json.dumps(dashboard(name), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
