{{- define "tocsin.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* 52: the StatefulSet's controller adds a hash of 11 to a label of 63. */}}
{{- define "tocsin.fullname" -}}
{{- $name := include "tocsin.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "tocsin.selector" -}}
app.kubernetes.io/name: {{ include "tocsin.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Metadata of an object. (dict "root" . "suffix" "config" "labels" {…} "annotations" {…}), or "name". */}}
{{- define "tocsin.metadata" -}}
{{- $own := dict
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_")
      "app.kubernetes.io/version" (.root.Chart.AppVersion | toString)
      "app.kubernetes.io/managed-by" .root.Release.Service
      "app.kubernetes.io/part-of" "tocsin" -}}
{{- $labels := merge (include "tocsin.selector" .root | fromYaml) $own (.labels | default dict) .root.Values.commonLabels -}}
name: {{ .name | default (join "-" (compact (list (include "tocsin.fullname" .root) .suffix))) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "tocsin.serviceAccount" -}}
{{- $made := ternary (include "tocsin.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $made .Values.serviceAccount.name -}}
{{- end -}}

{{- define "tocsin.image" -}}
{{- with .Values.image -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "tocsin.scheme" -}}
{{- ternary "https" "http" (ne .Values.tls.existingSecret "") -}}
{{- end -}}

{{/* tocsin.yml: the user's configuration, and what the chart has decided. */}}
{{- define "tocsin.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $server := dict "listen" "0.0.0.0:8484" -}}
{{- if .Values.tls.existingSecret -}}
{{- $tls := dict "certificate_file" "/etc/tocsin/tls/tls.crt" "key_file" "/etc/tocsin/tls/tls.key" -}}
{{- with .Values.tls.clientCaKey }}{{ $_ := set $tls "client_ca_file" (printf "/etc/tocsin/tls/%s" .) }}{{ end -}}
{{- $_ := set $server "tls" $tls -}}
{{- end -}}
{{- $paths := list -}}
{{- with .Values.rules -}}
{{- if .shipped }}{{ $paths = append $paths "/usr/share/tocsin/rules" }}{{ end -}}
{{- if .inline }}{{ $paths = append $paths "/etc/tocsin/rules/inline" }}{{ end -}}
{{- range .configMaps }}{{ $paths = append $paths (printf "/etc/tocsin/rules/%s" .) }}{{ end -}}
{{- range $i, $_ := .images }}{{ $paths = append $paths (printf "/etc/tocsin/rules/image-%d" $i) }}{{ end -}}
{{- $paths = concat $paths .paths -}}
{{- end -}}
{{- if not $paths }}{{ fail "rules: nothing would be loaded; set rules.shipped, inline, configMaps, images or paths" }}{{ end -}}
{{- $lists := list -}}
{{- if .Values.lists.inline }}{{ $lists = append $lists "/etc/tocsin/lists/inline" }}{{ end -}}
{{- range .Values.lists.configMaps }}{{ $lists = append $lists (printf "/etc/tocsin/lists/%s" .) }}{{ end -}}
{{- $rules := dict "paths" $paths -}}
{{- if $lists }}{{ $_ := set $rules "lists" $lists }}{{ end -}}
{{- $own := dict "server" $server "rules" $rules "store" (dict "path" "/var/lib/tocsin/store") -}}
{{- toYaml (mergeOverwrite $config $own) -}}
{{- end -}}

{{- define "tocsin.probe" -}}
{{- if .root.Values.tls.clientCaKey -}}
tcpSocket: {port: http} # the kubelet has no certificate to show
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ include "tocsin.scheme" .root | upper }}
{{- end -}}
{{- end -}}
