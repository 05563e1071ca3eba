{{/* What config refers to, for the service and for `helm test`. */}}
{{- define "tocsin.mounts" -}}
- {name: config, mountPath: /etc/tocsin/config, readOnly: true}
{{- if .Values.secrets }}
- {name: secrets, mountPath: /etc/tocsin/secrets, readOnly: true}
{{- end }}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /etc/tocsin/tls, readOnly: true}
{{- end }}
{{- if .Values.rules.inline }}
- {name: rules, mountPath: /etc/tocsin/rules/inline, readOnly: true}
{{- end }}
{{- range $i, $name := .Values.rules.configMaps }}
- {name: rules-{{ $i }}, mountPath: /etc/tocsin/rules/{{ $name }}, readOnly: true}
{{- end }}
{{- range $i, $_ := .Values.rules.images }}
- {name: rules-image-{{ $i }}, mountPath: /etc/tocsin/rules/image-{{ $i }}, readOnly: true}
{{- end }}
{{- if .Values.lists.inline }}
- {name: lists, mountPath: /etc/tocsin/lists/inline, readOnly: true}
{{- end }}
{{- range $i, $name := .Values.lists.configMaps }}
- {name: lists-{{ $i }}, mountPath: /etc/tocsin/lists/{{ $name }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "tocsin.volumes" -}}
{{- $name := include "tocsin.fullname" . -}}
- {name: config, configMap: {name: {{ $name }}}}
{{- if .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $file, $from := .Values.secrets }}
      - secret: {name: {{ $from.secret }}, items: [{key: {{ $from.key | quote }}, path: {{ $file | quote }}}]}
      {{- end }}
{{- end }}
{{- with .Values.tls.existingSecret }}
- {name: tls, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- if .Values.rules.inline }}
- {name: rules, configMap: {name: {{ $name }}-rules}}
{{- end }}
{{- range $i, $map := .Values.rules.configMaps }}
- {name: rules-{{ $i }}, configMap: {name: {{ $map }}}}
{{- end }}
{{- range $i, $image := .Values.rules.images }}
- name: rules-image-{{ $i }}
  image: {{ toYaml $image | nindent 4 }}
{{- end }}
{{- if .Values.lists.inline }}
- {name: lists, configMap: {name: {{ $name }}-lists}}
{{- end }}
{{- range $i, $map := .Values.lists.configMaps }}
- {name: lists-{{ $i }}, configMap: {name: {{ $map }}}}
{{- end }}
{{- end -}}
