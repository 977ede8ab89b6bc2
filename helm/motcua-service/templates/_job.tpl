{{/* Reads also: hook {events, weight} (an ordinary Job without), attempts, limitSeconds. */}}
{{- define "motcua-service.job" -}}
apiVersion: batch/v1
kind: Job
{{ include "motcua-service.metadata" (merge (dict "annotations" (include "motcua-service.hook" .workload | fromYaml)) .) }}
spec:
  {{- include "motcua-service.job-spec" . | nindent 2 }}
{{- end -}}

{{- define "motcua-service.job-spec" -}}
backoffLimit: {{ .workload.attempts }}
activeDeadlineSeconds: {{ .workload.limitSeconds }}
template:
  {{- include "motcua-service.pod" . | nindent 2 }}
{{- end -}}

{{/* Annotations of a hook, none without. What succeeded goes; what failed stays for its logs until the next try. */}}
{{- define "motcua-service.hook" -}}
{{- with .hook -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
{{- end -}}

{{/*
Reads also: schedule; empty: suspended, run by hand with `kubectl create job NAME --from=cronjob/…`; timeZone, that of the
cluster when it has none; and what Jobs have.
*/}}
{{- define "motcua-service.cronjob" -}}
apiVersion: batch/v1
kind: CronJob
{{ include "motcua-service.metadata" . }}
spec:
  {{- /* A schedule is required; this one never comes while suspended. */}}
  schedule: {{ .workload.schedule | default "0 0 1 1 *" | quote }}
  suspend: {{ not .workload.schedule }}
  {{- with .workload.timeZone }}
  timeZone: {{ . }}
  {{- end }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        {{- include "motcua-service.labels" . | nindent 8 }}
    spec:
      {{- include "motcua-service.job-spec" . | nindent 6 }}
{{- end -}}
