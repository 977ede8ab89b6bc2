{{- define "motcua-service.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
{{ include "motcua-service.metadata" (merge (dict "name" .workload.serviceAccount) .) }}
automountServiceAccountToken: false
{{- end -}}

{{/* A Role with the given rules, bound to the workload's ServiceAccount. Takes also: rules. */}}
{{- define "motcua-service.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{{ include "motcua-service.metadata" . }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{{ include "motcua-service.metadata" . }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .workload.name }}
subjects:
  - kind: ServiceAccount
    name: {{ .workload.serviceAccount }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}

{{/* The Lease of a workload that elects a leader, and the right to get and update this one: who leads is written by the pods. */}}
{{- define "motcua-service.lease" -}}
apiVersion: coordination.k8s.io/v1
kind: Lease
{{ include "motcua-service.metadata" . }}
spec: {}
---
{{- $rule := dict "apiGroups" (list "coordination.k8s.io") "resources" (list "leases") "verbs" (list "get" "update")
  "resourceNames" (list .workload.name) }}
{{ include "motcua-service.role" (merge (dict "rules" (list $rule)) .) }}
{{- end -}}
