package pacemaker

import (
	"strings"

	"hawser/cluster"
)

// layers tells the layer of a service from the type of its agent, in lower case.
var layers = map[string]cluster.Layer{
	"ipaddr2": cluster.LayerVirtualIP, "ipaddr": cluster.LayerVirtualIP, "ipsrcaddr": cluster.LayerVirtualIP,
	"aws-vpc-move-ip": cluster.LayerVirtualIP, "awsvip": cluster.LayerVirtualIP, "azure-lb": cluster.LayerVirtualIP,
	"filesystem": cluster.LayerDataPartition, "lvm": cluster.LayerDataPartition, "lvm-activate": cluster.LayerDataPartition,
	"drbd": cluster.LayerDataPartition, "zfs": cluster.LayerDataPartition, "raid1": cluster.LayerDataPartition,
	"pgsql": cluster.LayerDatabaseServer, "pgsqlms": cluster.LayerDatabaseServer, "mysql": cluster.LayerDatabaseServer,
	"mariadb": cluster.LayerDatabaseServer, "galera": cluster.LayerDatabaseServer, "oracle": cluster.LayerDatabaseServer,
	"db2": cluster.LayerDatabaseServer, "postgresql": cluster.LayerDatabaseServer, "redis": cluster.LayerDatabaseServer,
	"tomcat": cluster.LayerApplicationServer, "jboss": cluster.LayerApplicationServer, "wildfly": cluster.LayerApplicationServer,
	"was": cluster.LayerApplicationServer, "payara": cluster.LayerApplicationServer, "glassfish": cluster.LayerApplicationServer,
	"apache": cluster.LayerWebServer, "nginx": cluster.LayerWebServer, "httpd": cluster.LayerWebServer, "apache2": cluster.LayerWebServer,
	"haproxy": cluster.LayerLoadBalancer, "varnish": cluster.LayerLoadBalancer, "pound": cluster.LayerLoadBalancer,
	"rabbitmq-cluster": cluster.LayerMessageServer, "rabbitmq-server": cluster.LayerMessageServer, "activemq": cluster.LayerMessageServer,
	"artemis": cluster.LayerMessageServer, "mosquitto": cluster.LayerMessageServer,
}

// layerOf is the layer of an agent (class:provider:type, class:type): by its type, whatever its class, because an nginx by
// systemd is a web server too. systemd's tomcat9 and postgresql@15-main count as tomcat and postgresql.
func layerOf(agent string) cluster.Layer {
	kind := strings.ToLower(agent[strings.LastIndexByte(agent, ':')+1:])
	kind = strings.TrimSuffix(kind, ".service")
	if l, ok := layers[kind]; ok {
		return l
	}
	kind, _, _ = strings.Cut(kind, "@")
	if l, ok := layers[kind]; ok {
		return l
	}
	if l, ok := layers[strings.TrimRight(kind, "0123456789.-")]; ok {
		return l
	}
	return cluster.LayerOther
}
