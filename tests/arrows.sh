#!/bin/sh
# Arrows run one way: main -> {actors, readiness, process} -> {storage, net, config} -> messages. Fails on any other
# include.
cd "$1" || exit 2
bad=0
check() { # room, rooms it must not include
  found=$(grep -rnE "#include \"($2)/" "$1" --include='*.hpp' --include='*.cpp')
  [ -z "$found" ] || { echo "$1 must not know $2:"; echo "$found"; bad=1; }
}
check messages 'actors|readiness|process|storage|net|config'
check storage 'actors|readiness|process|net|config'
check net 'actors|readiness|process|storage|config'
check config 'actors|readiness|process|storage|net|messages'
check actors 'net/sandbox|readiness|process'
check readiness 'net/sandbox|actors|process'
check process 'net|storage|actors|readiness|messages'
for f in net/*.hpp net/*.cpp; do
  grep -nE '#include "net/sandbox/' "$f" && { echo "$f must not know the sandbox"; bad=1; }
done
grep -rlE '<caf/' storage net config readiness process && { echo "only messages and actors know CAF"; bad=1; }
# What others wrote has one door (net/json_fields.cpp); what we wrote ourselves is read by messages/own_json.hpp.
found=$(grep -rnE 'json::(parse|accept|sax_parse|from_[a-z]+)\(|>> *json|json::iterator_input' net actors messages readiness process \
  --include='*.hpp' --include='*.cpp' | grep -vE '^net/sandbox/|^net/json_fields\.cpp:|^messages/own_json\.hpp:')
[ -z "$found" ] || { echo "foreign JSON has one door, net/json_fields.hpp:"; echo "$found"; bad=1; }
# Nor may the door for our own be used on an answer from outside.
found=$(grep -rnE 'own_json::' net --include='*.hpp' --include='*.cpp'; grep -rnE 'own_json::[a-z_]+\((r|reply|d|answer)\.' actors)
[ -z "$found" ] || { echo "an answer from outside is not our own JSON:"; echo "$found"; bad=1; }
# One place starts programs that read what others wrote: it gives them nothing of ours. (The sandbox keeps its engine by itself.)
found=$(grep -rnE '\b(fork|vfork|posix_spawnp?|popen|system|exec[lv]p?e?)\(' net actors storage config readiness process ./*.cpp --include='*.hpp' \
  --include='*.cpp' | grep -vE '^net/child_process\.cpp:|^net/sandbox/engine_keeper\.cpp:|->system\(\)|\.system\(\)|//')
[ -z "$found" ] || { echo "programs are started by net/child_process alone:"; echo "$found"; bad=1; }
# CTest splits a test's name at a semicolon, and then neither half is found.
found=$(grep -rlPzo 'TEST_CASE(_METHOD)?\([^"]*"[^"]*;' tests)
[ -z "$found" ] || { echo "a test's name holds a semicolon:"; echo "$found"; bad=1; }
[ "$bad" = 0 ] && echo "arrows run one way"
exit $bad
