{{/*
The processes of the services as data: {workloads: [...]}, each what the library's templates read. Everything about a
process that another file needs to know is decided here.
*/}}
{{- define "motcua.workloads" -}}
{{- $root := . -}}
{{- $fullname := include "motcua.fullname" . -}}
{{- $workloads := list -}}
{{- range $service, $block := (include "motcua.services" . | fromJson).services -}}
{{- if $block.enabled -}}
{{- $kinds := list (dict "process" "grpc" "name" (printf "%s-%s" $fullname $service) "replicas" $block.replicas) -}}
{{- if $block.http.enabled -}}
{{- $kinds = append $kinds (dict "process" "http" "replicas" $block.http.replicas) -}}
{{- end -}}
{{- range $pool, $worker := $block.workers -}}
{{- $kinds = append $kinds (dict "process" "worker" "pool" $pool "queues" $worker.queues
  "replicas" (dig "replicas" 1 $worker) "concurrency" (dig "concurrency" 2 $worker)) -}}
{{- end -}}
{{- if $block.scheduler.enabled -}}
{{- $kinds = append $kinds (dict "process" "scheduler" "replicas" $block.scheduler.replicas) -}}
{{- end -}}
{{- range $kind := $kinds -}}
{{- $suffix := compact (list $kind.process $kind.pool) | join "-" -}}
{{- $workload := mergeOverwrite (dict "name" (printf "%s-%s-%s" $fullname $service $suffix)) $kind
  (include "motcua.process" (dict "root" $root "service" $service "block" $block "kind" $kind) | fromYaml) -}}
{{- $_ := set $workload "environment" (include "motcua.environment" (dict "root" $root "workload" $workload) | fromJson) -}}
{{- $workloads = append $workloads $workload -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "workloads" $workloads) -}}
{{- end -}}

{{/* What distinguishes a kind of process. Takes {root, service, block, kind}. */}}
{{- define "motcua.process" -}}
{{- $root := .root -}}
{{- $process := .kind.process -}}
{{- $fullname := include "motcua.fullname" $root -}}
{{- $chosen := include "motcua.chosen-settings" (dict "root" $root "service" .service) | fromJson -}}
service: {{ .service }}
component: {{ .service }}-{{ $process }}
image: {{ include "motcua-service.image" (dict "root" $root "image" .block.image "name" .service) }}
resources: {{ mergeOverwrite (deepCopy (index $root.Values.resources $process)) (index .block.resources $process | default dict) | toJson }}
spread: true
probes: {{ include "motcua.probes" $root | fromYaml | toJson }}
progressSeconds: {{ add $root.Values.migrations.waitSeconds 600 }}
{{- $needs := include "motcua.needs" (dict "root" $root "service" .service "process" $process) | fromJson }}
uses: {{ toJson $needs.uses }}
secrets: {{ include "motcua.secrets" (dict "root" $root "service" .service "block" .block "needs" $needs.needs) | fromJson | toJson }}
{{- if eq $process "grpc" }}
args: [motcua_{{ .service }}, grpc]
serviceAccount: {{ $fullname }}-{{ .service }}
headless: true
ports: [{name: grpc, port: 50051}, {name: health, port: 8081}]
servicePorts: [{name: grpc, port: 50051}]
minReadySeconds: 3
preStopSeconds: {{ $root.Values.pods.preStopSeconds }}
stopSeconds: {{ add $root.Values.pods.preStopSeconds (ceil (float64 ($chosen.GRPC_STOP_GRACE | default 20))) 10 }}
{{- with .block.autoscaling }}
{{- if .enabled }}
autoscaling: {{ toJson . }}
{{- end }}
{{- end }}
{{- else if eq $process "http" }}
args: [motcua_{{ .service }}, http]
serviceAccount: {{ $fullname }}-{{ .service }}
ports: [{name: http, port: 8080}, {name: health, port: 8081}]
servicePorts: [{name: http, port: 8080}]
minReadySeconds: 3
preStopSeconds: {{ $root.Values.pods.preStopSeconds }}
stopSeconds: {{ add $root.Values.pods.preStopSeconds 30 }}
ingress: {{ toJson .block.http.ingress }}
{{- else if eq $process "worker" }}
args: {{ concat (list (printf "motcua_%s" .service) "worker") (include "motcua.queue-options" .kind.queues | fromJsonArray) | toJson }}
serviceAccount: {{ $fullname }}-{{ .service }}
ports: [{name: health, port: 8081}]
# Tasks in work are finished; what does not finish is done by another worker.
stopSeconds: 90
{{- else }}
args: [motcua_kit.scheduler, --service, {{ .service }}]
serviceAccount: {{ $fullname }}-{{ .service }}-scheduler
token: {{ eq $root.Values.leaderElection "kubernetes" }}
ports: [{name: health, port: 8081}]
stopSeconds: 30
{{- end }}
{{- end -}}

{{- define "motcua.queue-options" -}}
{{- $options := list -}}
{{- range . -}}{{- $options = concat $options (list "--queue" .) -}}{{- end -}}
{{- toJson $options -}}
{{- end -}}

{{/* Started: the process answers, before that it may wait for the schema. Ready and alive by what it says of itself. */}}
{{- define "motcua.probes" -}}
startup:
  httpGet: {path: /livez, port: health}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: {{ div (add .Values.migrations.waitSeconds 60) 2 }}
readiness:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 3
liveness:
  httpGet: {path: /livez, port: health}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/* What a process works with. Takes {root, service, process}; yields {needs, uses}, uses are targets of the network. */}}
{{- define "motcua.needs" -}}
{{- $root := .root -}}
{{- $needs := index (index ($root.Files.Get "files/needs.yaml" | fromYaml) .service) .process | default list -}}
{{- $calls := index ($root.Files.Get "files/topology.yaml" | fromYaml).calls .service | default list -}}
{{- $uses := list -}}
{{- range concat $needs (ternary $calls list (has .process (list "grpc" "worker"))) -}}
{{- if not (or (has . (list "own" "page-tokens" "signing")) (and (eq . "kubernetes-api") (ne $root.Values.leaderElection "kubernetes"))) -}}
{{- $uses = append $uses . -}}
{{- end -}}
{{- end -}}
{{- if or (include "motcua.otlp-endpoint" $root) $root.Values.telemetry.metricsEndpoint -}}{{- $uses = append $uses "telemetry" -}}{{- end -}}
{{- toJson (dict "needs" $needs "calls" $calls "uses" $uses) -}}
{{- end -}}

{{/* Secrets by folder. Takes {root, service, block, needs}. */}}
{{- define "motcua.secrets" -}}
{{- $block := .block -}}
{{- $service := .service -}}
{{- $root := .root -}}
{{- $files := $root.Files.Get "files/secrets.yaml" | fromYaml -}}
{{- $folders := dict -}}
{{- range $need := .needs -}}
{{- with index $files $need -}}
{{- $secret := $block.existingSecret -}}
{{- if .value -}}{{- $secret = (index $block .value).existingSecret | default (index $root.Values .value).existingSecret -}}{{- end -}}
{{- range $folder, $content := (index . $service | default .files) -}}
{{- $sources := index $folders $folder | default list -}}
{{- with $content.keys -}}{{- $sources = append $sources (dict "secret" $secret "keys" . "optional" false) -}}{{- end -}}
{{- with $content.optional -}}{{- $sources = append $sources (dict "secret" $secret "keys" . "optional" true) -}}{{- end -}}
{{- $_ := set $folders $folder $sources -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $root.Values.tls.enabled -}}
{{- $_ := set $folders "tls" (list (dict "secret" $block.tls.existingSecret "keys" (list "tls.crt" "tls.key" "ca.crt") "optional" false)) -}}
{{- end -}}
{{- toJson $folders -}}
{{- end -}}

{{/* Environment of a process of a service: what the chart knows, and over it what users chose. Takes {root, workload}. */}}
{{- define "motcua.environment" -}}
{{- $root := .root -}}
{{- $workload := .workload -}}
{{- $facts := include "motcua.needs" (dict "root" $root "service" $workload.service "process" $workload.process) | fromJson -}}
{{- $environment := include "motcua.facts" (dict "root" $root "workload" $workload "facts" $facts) | fromYaml -}}
{{- $chosen := include "motcua.chosen-settings" (dict "root" $root "service" $workload.service) | fromJson -}}
{{- mergeOverwrite $chosen $environment | toJson -}}
{{- end -}}

{{- define "motcua.facts" -}}
{{- $root := .root -}}
{{- $workload := .workload -}}
{{- $needs := .facts.needs -}}
PROFILE: {{ $root.Values.profile }}
SECRETS_DIR: /run/secrets/motcua
{{ include "motcua.trust" $root }}
{{- with include "motcua.otlp-endpoint" $root }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . }}
{{- end }}
{{- with $root.Values.telemetry.metricsEndpoint }}
OTEL_METRICS_ENDPOINT: {{ . }}
{{- end }}
{{- if ne $workload.process "job" }}
HEALTH_BIND: 0.0.0.0:8081
SCHEMA_WAIT: {{ $root.Values.migrations.waitSeconds }}
{{- end }}
{{- if eq $workload.process "grpc" }}
GRPC_BIND: 0.0.0.0:50051
{{- else if eq $workload.process "http" }}
HTTP_BIND: 0.0.0.0:8080
{{- else if eq $workload.process "worker" }}
WORKER_CONCURRENCY: {{ $workload.concurrency }}
{{- else if eq $workload.process "scheduler" }}
LEADER_ELECTION: {{ $root.Values.leaderElection }}
{{- if eq $root.Values.leaderElection "kubernetes" }}
LEASE_NAME: {{ $workload.name }}
LEASE_NAMESPACE: {{ $root.Release.Namespace }}
{{- end }}
{{- end }}
{{- if has "own" $needs }}
{{- /* A service's settings are judged as a whole, in each of its processes. */}}
{{- range .facts.calls }}
{{ upper . }}_ADDRESS: {{ include "motcua.address" (dict "root" $root "name" .) }}
{{- end }}
ISSUER: {{ include "motcua.issuer" $root }}
{{- $identity := include "motcua.identity-url" $root }}
{{- with $root.Values.oidc.jwksUrl | default (and $identity (printf "%s/jwks.json" $identity)) }}
JWKS_URL: {{ . }}
{{- end }}
{{- with $root.Values.oidc.tokenUrl | default (and $identity (printf "%s/token" $identity)) }}
TOKEN_URL: {{ . }}
{{- end }}
{{- end }}
{{- if has "object-store" $needs }}
OBJECT_STORE_URL: {{ include "motcua.object-store-url" $root }}
{{- with $root.Values.objectStore.publicUrl }}
OBJECT_STORE_PUBLIC_URL: {{ . }}
{{- end }}
OBJECT_STORE_REGION: {{ $root.Values.objectStore.region }}
{{- end }}
{{- if has "signing" $needs }}
SIGNING_KEY_FILE: /run/secrets/signing/key.pem
SIGNING_CERTIFICATE_FILE: /run/secrets/signing/certificate.pem
SIGNING_CHAIN_FILE: /run/secrets/signing/chain.pem
{{- end }}
{{- end -}}
