{{- define "motcua-service.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
{{ include "motcua-service.metadata" (merge (dict "name" .workload.serviceAccount) .) }}
automountServiceAccountToken: false
{{- end -}}

{{/* The Lease of a workload that elects a leader, and the right to get and update this one: who leads is written by the pods. */}}
{{- define "motcua-service.lease" -}}
apiVersion: coordination.k8s.io/v1
kind: Lease
{{ include "motcua-service.metadata" . }}
spec: {}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
{{ include "motcua-service.metadata" . }}
rules:
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    resourceNames: [{{ .workload.name }}]
    verbs: [get, update]
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
