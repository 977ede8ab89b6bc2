{{/*
What pods may reach: {targets: [{name, pods | to, ports, from}]}. A pod reaches what its labels motcua.io/uses-<name> say;
the library's template `edge` makes the policies of both sides.
*/}}
{{- define "motcua.targets" -}}
{{- $root := . -}}
{{- $egress := .Values.networkPolicy.egress -}}
{{- $targets := list -}}
{{- range $service, $block := (include "motcua.services" . | fromJson).services -}}
{{- if $block.enabled -}}
{{- $targets = append $targets (dict "name" $service "pods" (dict "app.kubernetes.io/component" (printf "%s-grpc" $service))
  "ports" (list 50051) "from" $root.Values.networkPolicy.grpcClients) -}}
{{- else -}}
{{- $targets = append $targets (dict "name" $service "to" $egress.services.to "ports" $egress.services.ports) -}}
{{- end -}}
{{- if and $block.enabled $block.http.enabled -}}
{{- $from := ternary $root.Values.networkPolicy.ingressController list $block.http.ingress.enabled -}}
{{- $targets = append $targets (dict "name" (printf "%s-http" $service) "ports" (list 8080) "from" $from
  "pods" (dict "app.kubernetes.io/component" (printf "%s-http" $service))) -}}
{{- else if eq $service "identity" -}}
{{- $targets = append $targets (dict "name" "identity-http" "to" $egress.issuer.to "ports" $egress.issuer.ports) -}}
{{- end -}}
{{- end -}}
{{- $stores := dict "mongodb" (dict "pod" "mongodb" "ports" (list 27017)) "broker" (dict "pod" "valkey" "ports" (list 6379))
  "object-store" (dict "pod" "minio" "ports" (list 9000)) "telemetry" (dict "pod" "otel" "ports" (list 4317))
  "traces" (dict "pod" "otel" "ports" (list 16686)) -}}
{{- $world := dict "eid" (dict "pod" "eid" "ports" (list 8080)) "mail" (dict "pod" "sinks" "ports" (list 2525))
  "sms" (dict "pod" "sinks" "ports" (list 8025)) -}}
{{- $outside := dict "mongodb" $egress.mongodb "broker" $egress.broker "object-store" $egress.objectStore "telemetry" $egress.telemetry
  "eid" $egress.eid "mail" $egress.mail "sms" $egress.sms "scanner" $egress.scanner "backup" $egress.backup "audit" $egress.audit
  "kubernetes-api" $egress.kubernetesApi -}}
{{- $inside := merge (ternary $stores dict .Values.devStores.enabled) (ternary $world dict .Values.devWorld.enabled) -}}
{{- range $name, $target := $inside -}}
{{- $targets = append $targets (dict "name" $name "pods" (dict "app.kubernetes.io/component" $target.pod) "ports" $target.ports) -}}
{{- end -}}
{{- range $name, $target := $outside -}}
{{- if not (hasKey $inside $name) -}}
{{- $targets = append $targets (dict "name" $name "to" $target.to "ports" $target.ports) -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "targets" $targets) -}}
{{- end -}}
