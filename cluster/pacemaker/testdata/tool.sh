#!/bin/sh
# Stands in for Pacemaker's tools in tests: prints the documents of the folder $1. crm_attribute writes the term into the CIB
# of every node that the file "partition" names, as corosync does, and refuses without quorum.
dir=$1
tool=$2
case $tool in
cibadmin) exec cat "$dir/cib.xml" ;;
crm_mon)
	case "$*" in
	*--output-as=xml*) exec cat "$dir/mon.xml" ;;
	esac
	exec sleep 3600 # the one that tells of changes: it tells of none
	;;
crm_attribute)
	grep -q 'with_quorum="true"' "$dir/mon.xml" || { echo "Update failed: Quorum required" >&2; exit 1; }
	for value; do :; done
	pair="<nvpair id=\"term\" name=\"hawser-term\" value=\"$value\"/>"
	for member in $(cat "$dir/partition"); do
		cib=$dir/../$member/cib.xml
		sed -e 's|<nvpair id="term" [^>]*/>||' -e "0,\|</cluster_property_set>|s||$pair</cluster_property_set>|" "$cib" >"$cib.$$" || exit 1
		mv "$cib.$$" "$cib" || exit 1
	done
	;;
*) exit 1 ;;
esac
