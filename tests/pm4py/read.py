"""Reads both event logs with pm4py and says what is in them. pm4py is AGPL: this runs in a process
and an environment of its own, which the tests make; nothing of ours imports it."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import pm4py  # noqa: E402

ocel = pm4py.read_ocel2_json(sys.argv[1])
log = pm4py.read_xes(sys.argv[2])
follows, starts, ends = pm4py.discover_dfg(log)
relations = ocel.relations
print(
    json.dumps(
        {
            "ocel events": len(ocel.events),
            "ocel objects": ocel.objects["ocel:type"].value_counts().to_dict(),
            "ocel activities": sorted(set(ocel.events["ocel:activity"])),
            "log indexes": sorted(ocel.events["log-index"].tolist()),
            "qualifiers": sorted(set(relations["ocel:qualifier"])),
            "object to object": len(ocel.o2o),
            "xes events": len(log),
            "xes traces": int(log["case:concept:name"].nunique()),
            "follows": sorted([*pair, count] for pair, count in follows.items()),
            "starts": dict(starts),
        }
    )
)
