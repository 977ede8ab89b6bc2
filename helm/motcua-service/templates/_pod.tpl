{{/*
The pod of a workload, by the "restricted" Pod Security standard. Of the workload it reads, besides names:

  image         reference
  command       only where the image's own entry point is not wanted
  args          list
  environment   NAME: value
  secrets       folder under /run/secrets: list of {secret, keys, optional}; all keys when none is named
  tmpSize       limit of /tmp, where it is another than that of all pods
  mounts        list of {name, path, subPath, volume}; volume is a Kubernetes volume source
  uses          names of network targets; each becomes a label that the policies of the target select
  ports         list of {name, port}
  probes        {startup, readiness, liveness}
  preStopSeconds  time for clients to notice that the pod goes, before it is told to stop
  stopSeconds   time to stop, preStopSeconds included
  serviceAccount, token
  spread        whether replicas keep apart
  restart       restartPolicy
  before        an init container's args
*/}}
{{- define "motcua-service.pod" -}}
{{- $root := .root -}}
{{- $workload := .workload -}}
{{- $pods := $root.Values.pods -}}
metadata:
  labels:
    {{- include "motcua-service.labels" . | nindent 4 }}
    {{- range $workload.uses }}
    motcua.io/uses-{{ . }}: "true"
    {{- end }}
    {{- with $pods.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $pods.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ $workload.serviceAccount | default "default" }}
  automountServiceAccountToken: {{ $workload.token | default false }}
  # Variables about Services would be taken for settings.
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with $workload.restart }}
  restartPolicy: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ $workload.stopSeconds | default 30 }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $pods.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $pods.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $pods.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $pods.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $workload.spread }}
  topologySpreadConstraints:
    {{- /* Zones are no condition: clusters without them would run nothing. */}}
    {{- range $key, $otherwise := dict "kubernetes.io/hostname" $pods.whenUnspreadable "topology.kubernetes.io/zone" "ScheduleAnyway" }}
    - topologyKey: {{ $key }}
      maxSkew: 1
      whenUnsatisfiable: {{ $otherwise }}
      # A node that is being drained is none to spread over.
      nodeTaintsPolicy: Honor
      # Each version by itself: pods of the old one, about to go, do not count.
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels:
          {{- include "motcua-service.selector-labels" (dict "root" $root "workload" $workload) | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with $workload.before }}
  initContainers:
    - name: before
      args: {{ toJson . }}
      {{- include "motcua-service.container" (dict "root" $root "workload" $workload) | nindent 6 }}
  {{- end }}
  containers:
    - name: {{ $workload.container | default $workload.process }}
      {{- with $workload.command }}
      command: {{ toJson . }}
      {{- end }}
      args: {{ toJson ($workload.args | default list) }}
      {{- include "motcua-service.container" (dict "root" $root "workload" $workload) | nindent 6 }}
      {{- with $workload.ports }}
      ports:
        {{- range . }}
        - name: {{ .name }}
          containerPort: {{ .port }}
        {{- end }}
      {{- end }}
      {{- range $kind, $probe := $workload.probes }}
      {{ $kind }}Probe:
        {{- toYaml $probe | nindent 8 }}
      {{- end }}
      {{- with $workload.preStopSeconds }}
      lifecycle:
        preStop:
          exec:
            command: [python, -c, "import time; time.sleep({{ . }})"]
      {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ $workload.tmpSize | default $pods.tmpSize }}
    {{- range $folder, $sources := $workload.secrets }}
    - name: secret-{{ $folder }}
      projected:
        defaultMode: 0440
        sources:
          {{- range $sources }}
          - secret:
              name: {{ .secret }}
              optional: {{ .optional | default false }}
              {{- with .keys }}
              items:
                {{- range . }}
                - key: {{ . }}
                  path: {{ . }}
                {{- end }}
              {{- end }}
          {{- end }}
    {{- end }}
    {{- with $root.Values.caBundle.configMap }}
    - name: ca-bundle
      configMap:
        name: {{ . }}
        items:
          - key: {{ $root.Values.caBundle.key }}
            path: ca.crt
    {{- end }}
    {{- range $workload.mounts }}
    {{- if .volume }}
    - name: {{ .name }}
      {{- toYaml .volume | nindent 6 }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/* What the main and the init container of a workload share. */}}
{{- define "motcua-service.container" -}}
{{- $root := .root -}}
{{- $workload := .workload -}}
image: {{ $workload.image }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: {{ $root.Values.pods.readOnlyRootFilesystem }}
  capabilities:
    drop: [ALL]
{{- with $workload.environment }}
env:
  {{- range $name, $value := . }}
  - name: {{ $name }}
    value: {{ include "motcua-service.text" $value | quote }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml $workload.resources | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- range $folder, $sources := $workload.secrets }}
  - name: secret-{{ $folder }}
    mountPath: /run/secrets/{{ $folder }}
    readOnly: true
  {{- end }}
  {{- if $root.Values.caBundle.configMap }}
  - name: ca-bundle
    mountPath: /run/ca
    readOnly: true
  {{- end }}
  {{- range $workload.mounts }}
  - name: {{ .name }}
    mountPath: {{ .path }}
  {{- end }}
{{- end -}}

{{/* A value as text: whole numbers never in scientific notation. */}}
{{- define "motcua-service.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* Reference of an image. Takes {root, image: {repository, tag, digest}, name}. */}}
{{- define "motcua-service.image" -}}
{{- $image := .image | default dict -}}
{{- $repository := $image.repository | default (printf "%s/%s" .root.Values.image.repository .name) -}}
{{- if and $image.digest (not $image.tag) -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}
{{- end -}}
