{{/* A pod of `helm test`. Takes also: weight. It stays for its logs until the next test. */}}
{{- define "motcua-service.test" -}}
{{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-weight" (toString .weight) "helm.sh/hook-delete-policy" "before-hook-creation" -}}
{{- $pod := include "motcua-service.pod" . | fromYaml -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .workload.name }}-test
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- toYaml $pod.metadata.labels | nindent 4 }}
  annotations:
    {{- mergeOverwrite ($pod.metadata.annotations | default dict) $hook | toYaml | nindent 4 }}
spec:
  {{- toYaml $pod.spec | nindent 2 }}
{{- end -}}
