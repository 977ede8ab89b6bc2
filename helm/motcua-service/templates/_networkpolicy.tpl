{{/*
One way through the network: who uses a target, and whom the target lets in. Takes {root, target}:

  name   of the target; pods labelled motcua.io/uses-<name> may reach it
  pods   labels of the target's pods, when they are ours
  ports  numbers
  to     peers, when the target is elsewhere; none: any address at these ports
  from   peers that may come in besides
*/}}
{{- define "motcua-service.edge" -}}
{{- $root := .root -}}
{{- $target := .target -}}
{{- $workload := dict "name" (printf "%s-uses-%s" (include "motcua-service.fullname" $root) $target.name) "component" $target.name "process" "edge" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "motcua-service.metadata" (dict "root" $root "workload" $workload) }}
spec:
  podSelector:
    matchLabels:
      {{- include "motcua-service.release-labels" $root | nindent 6 }}
      motcua.io/uses-{{ $target.name }}: "true"
  policyTypes: [Egress]
  egress:
    - {{- include "motcua-service.egress-rule" . | nindent 6 }}
{{- if $target.pods }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "motcua-service.metadata" (dict "root" $root "workload" $workload "name" (printf "%s-serves-%s" (include "motcua-service.fullname" $root) $target.name)) }}
spec:
  podSelector:
    matchLabels:
      {{- include "motcua-service.release-labels" $root | nindent 6 }}
      {{- toYaml $target.pods | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - {{- include "motcua-service.ports" $target | nindent 6 }}
      from:
        - podSelector:
            matchLabels:
              {{- include "motcua-service.release-labels" $root | nindent 14 }}
              motcua.io/uses-{{ $target.name }}: "true"
        {{- with $target.from }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end }}
{{- end -}}

{{- define "motcua-service.ports" -}}
ports:
  {{- range .ports }}
  - port: {{ . }}
    protocol: TCP
  {{- end }}
{{- end -}}

{{- define "motcua-service.dns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
{{- end -}}

{{/* All that one workload reaches, as a hook of its own. Takes {root, workload, targets}. */}}
{{- define "motcua-service.way-out" -}}
{{- $root := .root -}}
{{- $uses := .workload.uses -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "motcua-service.metadata" (merge (dict "annotations" (include "motcua-service.hook" .workload | fromYaml)) .) }}
spec:
  podSelector:
    matchLabels:
      {{- include "motcua-service.selector-labels" . | nindent 6 }}
  policyTypes: [Egress]
  egress:
    {{- include "motcua-service.dns" $root | nindent 4 }}
    {{- range .targets }}
    {{- if has .name $uses }}
    - {{- include "motcua-service.egress-rule" (dict "root" $root "target" .) | nindent 6 }}
    {{- end }}
    {{- end }}
{{- end -}}

{{- define "motcua-service.egress-rule" -}}
{{- include "motcua-service.ports" .target }}
{{- if .target.pods }}
to:
  - podSelector:
      matchLabels:
        {{- include "motcua-service.release-labels" .root | nindent 8 }}
        {{- toYaml .target.pods | nindent 8 }}
{{- else if .target.to }}
to:
  {{- toYaml .target.to | nindent 2 }}
{{- end }}
{{- end -}}
