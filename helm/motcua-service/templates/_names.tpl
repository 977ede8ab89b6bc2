{{/*
Every template takes {root: $, workload: …}. A workload is data:

  name          of its objects
  component     app.kubernetes.io/component, unique in the release
  service       of the suite, where it belongs to one
  process       grpc, http, worker, scheduler, job, operation, visitor, store or world
  pool          of workers
  image, command, args, environment, secrets, tls, uses, ports, probes, mounts, resources, …
                see _pod.tpl
  replicas, autoscaling, stopSeconds, …
                see the template of the object
*/}}

{{/* What the names of all objects begin with; short enough for what is appended to it. */}}
{{- define "motcua-service.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}

{{- define "motcua-service.release-labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "motcua-service.selector-labels" -}}
{{ include "motcua-service.release-labels" .root }}
app.kubernetes.io/component: {{ .workload.component }}
{{- with .workload.pool }}
motcua.io/pool: {{ . }}
{{- end }}
{{- end -}}

{{- define "motcua-service.labels" -}}
{{ include "motcua-service.selector-labels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
{{- with .workload.service }}
motcua.io/service: {{ . }}
{{- end }}
motcua.io/process: {{ .workload.process }}
{{- end -}}

{{/* Name and labels of an object. Takes also: name, when it is not the workload's; annotations. */}}
{{- define "motcua-service.metadata" -}}
metadata:
  name: {{ .name | default .workload.name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "motcua-service.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
