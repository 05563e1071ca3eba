// Every metric of the service: name, help, labels, buckets. Nothing else declares one, and
// engine/metrics/README.md lists the same (a test compares them).
//
// Base units only; counters end in _total; label values come from the configuration, the rules or
// a fixed list, never from an event. Adding one: define it here, put it into the list below, and
// add its row to the README.
#pragma once

#include <string_view>

#include "metrics/registry.h"

namespace tocsin::metrics {

namespace label {
inline constexpr std::string_view kBuild[] = {"version", "revision", "compiler"};
inline constexpr std::string_view kSource[] = {"source"};
inline constexpr std::string_view kSourceReason[] = {"source", "reason"};
inline constexpr std::string_view kSourceResult[] = {"source", "result"};
inline constexpr std::string_view kSourceKind[] = {"source", "kind"};
inline constexpr std::string_view kSourceState[] = {"source", "state"};
inline constexpr std::string_view kRule[] = {"rule_id", "level"};
inline constexpr std::string_view kKind[] = {"kind"};
inline constexpr std::string_view kHash[] = {"hash"};
inline constexpr std::string_view kInForce[] = {"in_force"};
inline constexpr std::string_view kResult[] = {"result"};
inline constexpr std::string_view kWhat[] = {"what"};
inline constexpr std::string_view kQueue[] = {"queue"};
inline constexpr std::string_view kLevel[] = {"level"};
inline constexpr std::string_view kReason[] = {"reason"};
inline constexpr std::string_view kPlace[] = {"place"};
inline constexpr std::string_view kReceiver[] = {"receiver"};
inline constexpr std::string_view kReceiverState[] = {"receiver", "state"};
inline constexpr std::string_view kReceiverReason[] = {"receiver", "reason"};
inline constexpr std::string_view kReceiverTypeResult[] = {"receiver", "type", "result"};
inline constexpr std::string_view kOperation[] = {"service", "operation"};
inline constexpr std::string_view kOperationResult[] = {"service", "operation", "result"};
inline constexpr std::string_view kRoute[] = {"route"};
inline constexpr std::string_view kRouteStatus[] = {"route", "status"};
}  // namespace label

namespace bucket {
// How late events are: from a live feed to a file of yesterday.
inline constexpr double kLag[] = {1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600};
// One event: below a microsecond when no rule is about it.
inline constexpr double kEvent[] = {1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 1e-3, 1e-2, 0.1};
// Whatever the machine does for one batch, request or commit.
inline constexpr double kWork[] = {1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10};
// What involves somebody else's server, and waiting for it to come back.
inline constexpr double kRemote[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};
inline constexpr double kLatency[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3,  1,    3,
                                      10,    30,    60,   300,  900, 3600, 21600};
}  // namespace bucket

// --- the process ---------------------------------------------------------------------------------
inline constexpr GaugeFamily kBuildInfo{
    {"tocsin_build_info", "Always 1; what is running.", label::kBuild, {}}};
inline constexpr CounterFamily kLogMessages{
    {"tocsin_log_messages_total", "Log entries, written or limited.", label::kLevel, {}}};
inline constexpr CounterFamily kInternalErrors{
    {"tocsin_internal_errors_total", "Faults of the service itself, by place.", label::kPlace, {}}};

// --- events --------------------------------------------------------------------------------------
inline constexpr CounterFamily kEventsReceived{
    {"tocsin_events_received_total", "Records received, good and bad.", label::kSource, {}}};
inline constexpr CounterFamily kEventsRejected{
    {"tocsin_events_rejected_total", "Records that could not be read.", label::kSourceReason, {}}};
inline constexpr CounterFamily kEventsAhead{
    {"tocsin_events_ahead_total",
     "Events dated more than 10 s after their receipt, of those with hits and a sample of the "
     "others.",
     label::kSource,
     {}}};
inline constexpr CounterFamily kReceivedBytes{
    {"tocsin_received_bytes_total", "Bytes received, as sent.", label::kSource, {}}};
inline constexpr CounterFamily kSubmissionsRefused{
    {"tocsin_submissions_refused_total", "Batches put off or refused.", label::kSourceReason, {}}};
inline constexpr HistogramFamily kEventLag{{"tocsin_event_lag_seconds",
                                            "From an event's time to its arrival here.",
                                            label::kSource, bucket::kLag}};
inline constexpr GaugeFamily kSourceLastEvent{{"tocsin_source_last_event_timestamp_seconds",
                                               "When the source's last event arrived.",
                                               label::kSource,
                                               {}}};
inline constexpr GaugeFamily kSourceUp{
    {"tocsin_source_up", "1 while the source is running.", label::kSource, {}}};
inline constexpr CounterFamily kSourceFailures{
    {"tocsin_source_failures_total", "Times the source failed.", label::kSource, {}}};

// --- queues and objects (sources of type s3_sqs)
// ---------------------------------------------------
inline constexpr CounterFamily kSqsMessages{
    {"tocsin_sqs_messages_total",
     "Messages of the queue, by result (received, again, deleted, not_deleted, returned, rejected, "
     "kept).",
     label::kSourceResult,
     {}}};
inline constexpr CounterFamily kSqsBodies{
    {"tocsin_sqs_message_bodies_total",
     "Messages by what they hold (s3, eventbridge, cloudtrail, events, test, validation, other, "
     "unreadable).",
     label::kSourceKind,
     {}}};
inline constexpr GaugeFamily kSqsInFlight{
    {"tocsin_sqs_messages_in_flight", "Messages that are worked on.", label::kSource, {}}};
inline constexpr GaugeFamily kSqsOldest{{"tocsin_sqs_oldest_message_age_seconds",
                                         "Age of the oldest message that is worked on.",
                                         label::kSource,
                                         {}}};
inline constexpr CounterFamily kSqsExtensions{
    {"tocsin_sqs_visibility_extensions_total", "Extended visibilities.", label::kSource, {}}};
inline constexpr GaugeFamily kSqsQueueMessages{
    {"tocsin_sqs_queue_messages",
     "Messages in the queue, about, by state (visible, in_flight, delayed).",
     label::kSourceState,
     {}}};
inline constexpr CounterFamily kS3Objects{
    {"tocsin_s3_objects_total",
     "Objects by result (read, failed, or why they were skipped: digest, insight, config, folder, "
     "other, empty, bucket, known).",
     label::kSourceResult,
     {}}};
inline constexpr CounterFamily kS3ObjectBytes{
    {"tocsin_s3_object_bytes_total", "Bytes of objects, as stored.", label::kSource, {}}};
inline constexpr HistogramFamily kS3ObjectSeconds{
    {"tocsin_s3_object_seconds", "From asking for an object to the receipt of its last record.",
     label::kSource, bucket::kRemote}};
inline constexpr HistogramFamily kS3ObjectLag{
    {"tocsin_s3_object_lag_seconds",
     "From the notice of an object to the receipt of its last record.", label::kSource,
     bucket::kLag}};
inline constexpr CounterFamily kS3Errors{{"tocsin_s3_sqs_errors_total",
                                          "Calls of AWS that failed for good, and objects that "
                                          "could not be read, by reason.",
                                          label::kSourceReason,
                                          {}}};

// --- matching ------------------------------------------------------------------------------------
inline constexpr HistogramFamily kBatchEvaluationSeconds{
    {"tocsin_batch_evaluation_seconds", "Reading and matching one batch.", {}, bucket::kWork}};
inline constexpr HistogramFamily kEventEvaluationSeconds{
    {"tocsin_event_evaluation_seconds",
     "Reading and matching one event: the mean of its batch.",
     {},
     bucket::kEvent}};
inline constexpr CounterFamily kRuleMatches{
    {"tocsin_rule_matches_total", "Events that a rule matched.", label::kRule, {}}};
inline constexpr CounterFamily kRuleUnevaluated{
    {"tocsin_rule_unevaluated_total",
     "Events that a rule was not evaluated for, because it would have taken too long.",
     label::kRule,
     {}}};
inline constexpr CounterFamily kSubjectsCut{
    {"tocsin_regex_subjects_cut_total",
     "Events with a value of which a regular expression saw only the beginning.",
     label::kSource,
     {}}};
inline constexpr GaugeFamily kRulesLoaded{
    {"tocsin_rules_loaded", "Documents in force, by kind.", label::kKind, {}}};
inline constexpr GaugeFamily kRulesetInfo{
    {"tocsin_ruleset_info", "Always 1; which rules are in force.", label::kHash, {}}};

inline constexpr GaugeFamily kRuleFilesFailed{
    {"tocsin_rule_files_failed",
     "Rule and list files with an error, by what is in force of them (last_version, nothing).",
     label::kInForce,
     {}}};

// --- detections over time ------------------------------------------------------------------------
inline constexpr CounterFamily kCorrelationHits{
    {"tocsin_correlation_hits_total",
     "Matches of rules that correlations look at (accepted, late, untimed, future, suspended, "
     "reloaded: of rules that changed in between).",
     label::kResult,
     {}}};
inline constexpr GaugeFamily kCorrelationGroups{
    {"tocsin_correlation_groups", "Groups that correlations watch.", {}, {}}};
inline constexpr GaugeFamily kCorrelationHitsHeld{
    {"tocsin_correlation_hits", "Hits that correlations hold in their windows.", {}, {}}};
inline constexpr GaugeFamily kCorrelationMemory{
    {"tocsin_correlation_memory_bytes",
     "Memory that groups and hits of correlations take, as counted for correlation.max_memory.",
     {},
     {}}};
inline constexpr GaugeFamily kCorrelationEpisodes{
    {"tocsin_correlation_episodes", "Alerts of correlations that may still be added to.", {}, {}}};
inline constexpr GaugeFamily kCorrelationValues{
    {"tocsin_correlation_values", "Values that correlations remember.", {}, {}}};
inline constexpr CounterFamily kCorrelationEvicted{
    {"tocsin_correlation_evicted_total",
     "Forgotten before its time (group, hit, value, journal: hits kept for a restart).",
     label::kWhat,
     {}}};
inline constexpr CounterFamily kCorrelationsRestarted{
    {"tocsin_correlations_restarted_total",
     "Correlations that started anew because what they mean has changed.",
     {},
     {}}};
inline constexpr CounterFamily kCorrelationRebuilds{
    {"tocsin_correlation_rebuilds_total",
     "Times that correlations were made anew from the store: at the start, for other rules, after "
     "a "
     "failed commit.",
     {},
     {}}};
inline constexpr GaugeFamily kCorrelationSuspended{
    {"tocsin_correlation_suspended",
     "1 while correlations take nothing, because they cannot be written.",
     {},
     {}}};
inline constexpr GaugeFamily kCorrelationWatermark{
    {"tocsin_correlation_watermark_seconds",
     "Event time, since 1970, before which nothing is waited for any more; 0: none yet.",
     {},
     {}}};

// --- configuration -------------------------------------------------------------------------------
inline constexpr CounterFamily kReloads{
    {"tocsin_reloads_total", "Attempts to read the configuration again.", label::kResult, {}}};
inline constexpr GaugeFamily kReloadLastSuccess{{"tocsin_reload_last_success_timestamp_seconds",
                                                 "When the configuration in force was read.",
                                                 {},
                                                 {}}};
inline constexpr GaugeFamily kConfigLastReloadSuccessful{
    {"tocsin_config_last_reload_successful",
     "0 when the last attempt failed and the older configuration is in force.",
     {},
     {}}};

// --- queues and the store ------------------------------------------------------------------------
inline constexpr GaugeFamily kQueueBytes{
    {"tocsin_queue_bytes", "Bytes waiting in a queue.", label::kQueue, {}}};
inline constexpr GaugeFamily kQueueLength{
    {"tocsin_queue_length", "Items waiting in a queue.", label::kQueue, {}}};
inline constexpr HistogramFamily kCommitSeconds{
    {"tocsin_commit_seconds", "One commit of the store, fsync included.", {}, bucket::kWork}};
inline constexpr CounterFamily kCommits{
    {"tocsin_commits_total", "Commits of the store.", label::kResult, {}}};
inline constexpr GaugeFamily kStoreBytes{
    {"tocsin_store_bytes", "Size of the database and its log.", {}, {}}};
inline constexpr CounterFamily kSubmissionsSetAside{
    {"tocsin_submissions_set_aside_total",
     "Batches that could not be processed and were kept: see `tocsin aside`.",
     {},
     {}}};
inline constexpr GaugeFamily kReady{{"tocsin_ready", "1 while /readyz says so.", {}, {}}};
inline constexpr GaugeFamily kNotReady{
    {"tocsin_not_ready",
     "1 while this keeps the service from being ready (lifecycle, commits, disk, stalled).",
     label::kReason,
     {}}};
inline constexpr GaugeFamily kStoreFull{
    {"tocsin_store_full", "1 while the store takes nothing more.", {}, {}}};
inline constexpr GaugeFamily kStoreFirings{
    {"tocsin_store_firings", "Firings remembered, so that none is told twice.", {}, {}}};
inline constexpr CounterFamily kStoreFiringsEvicted{
    {"tocsin_store_firings_evicted_total", "Firings forgotten before their time.", {}, {}}};

// --- alerts --------------------------------------------------------------------------------------
inline constexpr CounterFamily kFiringsDuplicate{
    {"tocsin_firings_duplicate_total", "Firings that had been seen before.", {}, {}}};
inline constexpr CounterFamily kAlerts{
    {"tocsin_alerts_total", "Alerts raised, by the rule's level.", label::kLevel, {}}};
inline constexpr CounterFamily kAlertsSuppressed{
    {"tocsin_alerts_suppressed_total",
     "Firings that raised no alert of their own (grouped, duplicate, budget).",
     label::kReason,
     {}}};

// --- delivery ------------------------------------------------------------------------------------
inline constexpr GaugeFamily kOutboxRows{
    {"tocsin_outbox_rows", "Notifications in the outbox.", label::kReceiverState, {}}};
inline constexpr GaugeFamily kOutboxOldest{{"tocsin_outbox_oldest_seconds",
                                            "Age of the oldest notification that waits.",
                                            label::kReceiver,
                                            {}}};
inline constexpr CounterFamily kNotifications{{"tocsin_notifications_total",
                                               "Attempts to notify a receiver.",
                                               label::kReceiverTypeResult,
                                               {}}};
inline constexpr HistogramFamily kNotificationSeconds{{"tocsin_notification_duration_seconds",
                                                       "One attempt to notify a receiver.",
                                                       label::kReceiver, bucket::kRemote}};
inline constexpr HistogramFamily kAlertLatency{
    {"tocsin_alert_latency_seconds", "From an event's arrival to the receiver's confirmation.",
     label::kReceiver, bucket::kLatency}};
inline constexpr CounterFamily kNotificationRetries{{"tocsin_notification_retries_total",
                                                     "Notifications that will be tried again.",
                                                     label::kReceiver,
                                                     {}}};
inline constexpr CounterFamily kDeadLetters{{"tocsin_dead_letters_total",
                                             "Notifications that will not be tried again.",
                                             label::kReceiverReason,
                                             {}}};
inline constexpr GaugeFamily kReceiverUp{
    {"tocsin_receiver_up", "1 while the receiver takes notifications.", label::kReceiver, {}}};

// --- AWS -----------------------------------------------------------------------------------------
inline constexpr CounterFamily kAwsRequests{
    {"tocsin_aws_requests_total",
     "Requests to AWS, each attempt counted (ok, or the kind of failure: throttled, denied, …).",
     label::kOperationResult,
     {}}};
inline constexpr HistogramFamily kAwsRequestSeconds{
    {"tocsin_aws_request_seconds",
     "From a request to AWS to its answer; of GetObject to the first byte.", label::kOperation,
     bucket::kRemote}};
inline constexpr GaugeFamily kAwsClockOffset{
    {"tocsin_aws_clock_offset_seconds",
     "How far AWS's clock is ahead of ours; 0 until AWS refuses a request for it.",
     {},
     {}}};
inline constexpr CounterFamily kAwsCredentialRefreshes{
    {"tocsin_aws_credential_refreshes_total",
     "Attempts to fetch AWS credentials (ok, failed).",
     label::kResult,
     {}}};

// --- HTTP ----------------------------------------------------------------------------------------
inline constexpr CounterFamily kHttpRequests{
    {"tocsin_http_requests_total", "Requests answered.", label::kRouteStatus, {}}};
inline constexpr HistogramFamily kHttpRequestSeconds{{"tocsin_http_request_seconds",
                                                      "From a request's head to its answer.",
                                                      label::kRoute, bucket::kWork}};
inline constexpr GaugeFamily kHttpConnections{
    {"tocsin_http_connections", "Connections that are open.", {}, {}}};
inline constexpr CounterFamily kHttpConnectionsRefused{
    {"tocsin_http_connections_refused_total", "Connections over the limit.", {}, {}}};
inline constexpr CounterFamily kHttpMalformed{
    {"tocsin_http_malformed_total", "Requests that were not HTTP or over a limit.", {}, {}}};

// --- process_*: read when scraped, and left out where the system does not say --------------------
inline constexpr CounterFamily kProcessCpu{
    {"process_cpu_seconds_total", "User and system CPU time.", {}, {}}};
inline constexpr GaugeFamily kProcessOpenFds{
    {"process_open_fds", "Open file descriptors.", {}, {}}};
inline constexpr GaugeFamily kProcessMaxFds{
    {"process_max_fds", "File descriptors that may be open.", {}, {}}};
inline constexpr GaugeFamily kProcessVirtualMemory{
    {"process_virtual_memory_bytes", "Virtual memory.", {}, {}}};
inline constexpr GaugeFamily kProcessVirtualMemoryMax{
    {"process_virtual_memory_max_bytes", "Virtual memory that may be used.", {}, {}}};
inline constexpr GaugeFamily kProcessResidentMemory{
    {"process_resident_memory_bytes", "Resident memory.", {}, {}}};
inline constexpr GaugeFamily kProcessStartTime{
    {"process_start_time_seconds", "When the process started, since 1970.", {}, {}}};
inline constexpr GaugeFamily kProcessThreads{{"process_threads", "Threads.", {}, {}}};

// What text() shows, in this order within each list.
inline constexpr const CounterFamily* kCounterFamilies[] = {&kLogMessages,
                                                            &kInternalErrors,
                                                            &kEventsReceived,
                                                            &kEventsRejected,
                                                            &kEventsAhead,
                                                            &kReceivedBytes,
                                                            &kSubmissionsRefused,
                                                            &kSourceFailures,
                                                            &kSqsMessages,
                                                            &kSqsBodies,
                                                            &kSqsExtensions,
                                                            &kS3Objects,
                                                            &kS3ObjectBytes,
                                                            &kS3Errors,
                                                            &kRuleMatches,
                                                            &kRuleUnevaluated,
                                                            &kSubjectsCut,
                                                            &kCorrelationHits,
                                                            &kCorrelationEvicted,
                                                            &kCorrelationsRestarted,
                                                            &kCorrelationRebuilds,
                                                            &kSubmissionsSetAside,
                                                            &kReloads,
                                                            &kCommits,
                                                            &kStoreFiringsEvicted,
                                                            &kFiringsDuplicate,
                                                            &kAlerts,
                                                            &kAlertsSuppressed,
                                                            &kNotifications,
                                                            &kNotificationRetries,
                                                            &kDeadLetters,
                                                            &kAwsRequests,
                                                            &kAwsCredentialRefreshes,
                                                            &kHttpRequests,
                                                            &kHttpConnectionsRefused,
                                                            &kHttpMalformed};
inline constexpr const GaugeFamily* kGaugeFamilies[] = {&kBuildInfo,
                                                        &kSourceLastEvent,
                                                        &kSourceUp,
                                                        &kSqsInFlight,
                                                        &kSqsOldest,
                                                        &kSqsQueueMessages,
                                                        &kRulesLoaded,
                                                        &kRulesetInfo,
                                                        &kRuleFilesFailed,
                                                        &kCorrelationGroups,
                                                        &kCorrelationHitsHeld,
                                                        &kCorrelationMemory,
                                                        &kCorrelationEpisodes,
                                                        &kCorrelationValues,
                                                        &kCorrelationWatermark,
                                                        &kReloadLastSuccess,
                                                        &kConfigLastReloadSuccessful,
                                                        &kQueueBytes,
                                                        &kQueueLength,
                                                        &kStoreBytes,
                                                        &kStoreFull,
                                                        &kReady,
                                                        &kNotReady,
                                                        &kCorrelationSuspended,
                                                        &kStoreFirings,
                                                        &kOutboxRows,
                                                        &kOutboxOldest,
                                                        &kReceiverUp,
                                                        &kAwsClockOffset,
                                                        &kHttpConnections};
inline constexpr const HistogramFamily* kHistogramFamilies[] = {
    &kEventLag,          &kBatchEvaluationSeconds, &kEventEvaluationSeconds,
    &kCommitSeconds,     &kNotificationSeconds,    &kAlertLatency,
    &kAwsRequestSeconds, &kHttpRequestSeconds,     &kS3ObjectSeconds,
    &kS3ObjectLag};

}  // namespace tocsin::metrics
