{{/* Stores of devStores: {workloads: [...]}, one pod with a volume each. */}}
{{- define "motcua.dev-stores" -}}
{{- $root := . -}}
{{- $fullname := include "motcua.fullname" . -}}
{{- $workloads := list -}}
{{- range $name, $workload := include "motcua.dev-store-table" . | fromYaml -}}
{{- $values := index $root.Values.devStores $name -}}
{{- $port := (first $workload.ports).name -}}
{{- $workloads = append $workloads (merge $workload (dict
  "name" (printf "%s-%s" $fullname $name) "component" $name "process" "store" "container" $name "stopSeconds" 20
  "image" (include "motcua-service.image" (dict "root" $root "image" $values.image "name" "dev"))
  "resources" $values.resources "storage" $values.storage "mounts" (list (dict "name" "data" "path" "/data"))
  "probes" (dict "startup" (dict "tcpSocket" (dict "port" $port) "periodSeconds" 1 "failureThreshold" 120)
    "readiness" (dict "tcpSocket" (dict "port" $port) "periodSeconds" 3)
    "liveness" (dict "tcpSocket" (dict "port" $port) "periodSeconds" 10 "failureThreshold" 6)))) -}}
{{- end -}}
{{- toJson (dict "workloads" $workloads) -}}
{{- end -}}

{{/* What the stores do not share. All of them write through: what they acknowledge survives a kill. */}}
{{- define "motcua.dev-store-table" -}}
mongodb:
  args: [motcua_devstack.mongo_server, --host, 0.0.0.0, --port, "27017", --storage-path, /data/mongodb, --sync-on-commit, --log-level, WARNING]
  ports: [{name: mongodb, port: 27017}]
minio:
  command: [minio]
  args: [server, /data, --address, ":9000"]
  environment:
    HOME: /tmp
    MINIO_ROOT_USER_FILE: /run/secrets/motcua/OBJECT_STORE_ACCESS_KEY
    MINIO_ROOT_PASSWORD_FILE: /run/secrets/motcua/OBJECT_STORE_SECRET_KEY
  ports: [{name: s3, port: 9000}]
  secrets:
    motcua:
      - {secret: {{ .Values.objectStore.existingSecret }}, keys: [OBJECT_STORE_ACCESS_KEY, OBJECT_STORE_SECRET_KEY]}
valkey:
  command: [valkey-server]
  args: [--bind, 0.0.0.0, --protected-mode, "no", --dir, /data, --appendonly, "yes", --appendfsync, always, --save, ""]
  ports: [{name: broker, port: 6379}]
otel:
  environment:
    SPAN_STORAGE_TYPE: badger
    BADGER_EPHEMERAL: "false"
    BADGER_DIRECTORY_KEY: /data/keys
    BADGER_DIRECTORY_VALUE: /data/values
    BADGER_SPAN_STORE_TTL: 24h
  ports: [{name: otlp, port: 4317}, {name: query, port: 16686}]
{{- end -}}

{{/* What devWorld puts in the place of the outside: {workloads: [...]}. */}}
{{- define "motcua.dev-world" -}}
{{- $root := . -}}
{{- $fullname := include "motcua.fullname" . -}}
{{- $workloads := list -}}
{{- range $name, $workload := include "motcua.dev-world-table" . | fromYaml -}}
{{- $port := (last $workload.ports).name -}}
{{- $probe := dict "httpGet" (dict "path" "/healthz" "port" $port) -}}
{{- $workloads = append $workloads (merge $workload (dict
  "name" (printf "%s-%s" $fullname $name) "component" $name "process" "world" "container" $name "replicas" 1
  "image" (include "motcua-service.image" (dict "root" $root "image" $root.Values.devWorld.image "name" "dev"))
  "resources" $root.Values.resources.job
  "probes" (dict "startup" (merge (dict "periodSeconds" 1 "failureThreshold" 120) $probe)
    "readiness" (merge (dict "periodSeconds" 3) $probe)
    "liveness" (merge (dict "periodSeconds" 10 "failureThreshold" 6) $probe)))) -}}
{{- end -}}
{{- toJson (dict "workloads" $workloads) -}}
{{- end -}}

{{- define "motcua.dev-world-table" -}}
eid:
  args:
    - motcua_devstack.eid
    - --host=0.0.0.0
    - --port=8080
    - --issuer=http://{{ include "motcua.host" (dict "root" . "name" "eid") }}:8080
    - --client-id=motcua
    - --client-secret-file=/run/secrets/motcua-dev/eid-client-secret
    - --redirect-uri={{ include "motcua.issuer" . | trimSuffix "/" }}/eid/callback
  ports: [{name: http, port: 8080}]
  secrets:
    motcua-dev:
      - {secret: {{ .Values.devWorld.existingSecret }}, keys: [eid-client-secret]}
sinks:
  args: [motcua_devstack.sinks, --host=0.0.0.0, --smtp-port=2525, --sms-port=8025, --folder=/tmp/messages]
  ports: [{name: smtp, port: 2525}, {name: sms, port: 8025}]
{{- end -}}

{{/* Someone who uses the suite as people do. Takes {root, name, args}. */}}
{{- define "motcua.visitor" -}}
{{- $root := .root -}}
{{- $http := printf "%s://%%s:8080" (include "motcua.scheme" $root) -}}
name: {{ include "motcua.fullname" $root }}-{{ .name }}
component: {{ .name }}
process: visitor
container: {{ .name }}
image: {{ include "motcua-service.image" (dict "root" $root "image" $root.Values.devWorld.image "name" "dev") }}
args: {{ toJson .args }}
resources: {{ toJson $root.Values.resources.job }}
restart: Never
attempts: 0
limitSeconds: 3600
uses: {{ concat (keys $root.Values.services | sortAlpha) (list "identity-http" "permits-http" "object-store" "eid" "sms" "traces" "telemetry") | toJson }}
secrets:
  motcua-dev:
    - {secret: {{ $root.Values.devWorld.existingSecret }}}
  {{- if $root.Values.tls.enabled }}
  tls:
    - {secret: {{ $root.Values.devWorld.tls.existingSecret }}, keys: [tls.crt, tls.key, ca.crt]}
  {{- end }}
environment:
  SECRETS_DIR: /run/secrets/motcua-dev
  ISSUER: {{ include "motcua.issuer" $root }}
  PERMITS_URL: {{ printf $http (include "motcua.host" (dict "root" $root "name" "permits-http")) }}
  SINKS_URL: http://{{ include "motcua.host" (dict "root" $root "name" "sinks") }}:8025
  TRACES_URL: http://{{ include "motcua.host" (dict "root" $root "name" "otel") }}:16686
  OTEL_EXPORTER_OTLP_ENDPOINT: {{ include "motcua.otlp-endpoint" $root }}
  {{- range $name, $_ := $root.Values.services }}
  {{- with include "motcua.address" (dict "root" $root "name" $name) }}
  {{ upper $name }}_ADDRESS: {{ . }}
  {{- end }}
  {{- end }}
  {{- include "motcua.trust" $root | nindent 2 }}
{{- end -}}
