package main

// nodeTemplate is the first configuration of a node. fixtures/configs/reference.yaml has every option.
const nodeTemplate = `# Configuration of node {{.Self.Name}}, made by hawser init. Check it with: hawser validate --config FILE
cluster: # the same on all nodes
  name: {{printf "%q" .Made.Cluster}}
  id: {{.Made.ID}}
  engineId: "{{.Made.EngineID}}"
  caFile: ca.pem
  certFile: node.pem
  keyFile: node.key
  beatKeyFiles: [beat.key]

node: {{printf "%q" .Self.Name}}
dataDir: /var/lib/hawser

links:
{{- range $i, $_ := .Self.Hosts}}
  - name: link{{$i}}
{{- end}}

nodes:
{{- range .Nodes}}
  - name: {{printf "%q" .Name}}
    role: {{.Role}}
    raft: [{{range $i, $a := .Raft}}{{if $i}}, {{end}}"{{$a}}"{{end}}]
    beat: [{{range $i, $a := .Beat}}{{if $i}}, {{end}}"{{$a}}"{{end}}]
    # bmc: # without one a dead node cannot be fenced, and its once-only services wait for a person
    #   url: https://10.9.0.1
    #   username: hawser
    #   passwordFile: bmc.password
    #   fingerprint: SHA-256 of its certificate
{{- end}}

# stacks:
#   - name: shop
#     services:
#       - name: web
#         layer: webServer
#         mode: activeActive
#         kind: process
#         options:
#           command: [/usr/sbin/nginx, -g, "daemon off;"]
#         probe:
#           kind: http
#           options:
#             url: http://127.0.0.1/
{{if .Manager}}
sinks:
  - name: manager
    address: {{printf "%q" .Manager}}
    kind: inform
    user: hawserReader
    backlog: all
    window: 16
{{else}}
# sinks:
#   - name: nms
#     address: 10.0.9.1:162
#     kind: inform
#     user: hawserReader
{{end}}
snmp:
  listen: ["{{.Self.SNMP}}"]
  users:
{{- range .Made.Users}}
    - name: {{.Name}}
      role: {{.Role}}
      authProtocol: SHA-256
      authPassphraseFile: {{.AuthFile}}
      privProtocol: AES
      privPassphraseFile: {{.PrivFile}}
{{- end}}
`

// managerTemplate is the first configuration of a manager of this cluster.
const managerTemplate = `# Configuration of a hawser manager, made by hawser init. Run it beside the NMS: hawser manager --config FILE
name: manager
dataDir: /var/lib/hawser-manager
listen:
  traps: ["{{if .Manager}}{{.Manager}}{{else}}127.0.0.1:1162{{end}}"]
  http: 127.0.0.1:8162

users:
{{- range .Made.Users}}
  - name: {{.Name}}
    authProtocol: SHA-256
    authPassphraseFile: {{.AuthFile}}
    privProtocol: AES
    privPassphraseFile: {{.PrivFile}}
{{- end}}

clusters:
  - name: {{printf "%q" .Made.Cluster}}
    clusterId: {{.Made.ID}}
    engineId: "{{.Made.EngineID}}"
    nodes: [{{range $i, $n := .Nodes}}{{if $i}}, {{end}}"{{$n.SNMP}}"{{end}}]
    readUser: hawserAuditor
    policyUser: hawserPolicy
    hardwareUser: hawserHardware

# Rules in CEL: what is set when an event calls for it. This one gives a service that flaps more time before it is
# restarted again.
rules:
  - name: flapping
    when: event.type == "serviceFailed" && history.count("serviceFailed", event.componentName, duration("10m")) >= 3
    action:
      kind: reaction
      service: event.componentName
      set:
        - object: hawserServiceFailureThreshold
          value: "5"
    cooldown: 1h
    approval: operator # none: without asking
`
