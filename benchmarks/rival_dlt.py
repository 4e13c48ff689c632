"""dlt as its documentation has it: merge on the primary key, CSV files for the loader. Runs in an environment of its own.

`python rival_dlt.py URL ZIP FIELDS`: FIELDS is a JSON list of the mapped fields.
"""

import json
import sys
import time
import zipfile

import dlt
import orjson

url, path, fields = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def records():
    with zipfile.ZipFile(path) as archive, archive.open(archive.infolist()[0]) as entry:
        for line in entry:
            record = orjson.loads(line)
            yield record["responseId"], record["values"]


@dlt.resource(name="responses", primary_key="external_id", write_disposition="merge")
def responses():
    for identity, values in records():
        yield {
            "external_id": identity,
            "recorded_at": values["recordedDate"],
            "status": values["status"],
            "finished": values["finished"] == 1,
            "language": values["userLanguage"],
            "channel": values["distributionChannel"],
        }


@dlt.resource(name="answers", primary_key=("external_id", "field"), write_disposition="merge")
def answers():
    for identity, values in records():
        yield [{"external_id": identity, "field": f, "value": str(values[f])} for f in fields if f in values]


began = time.perf_counter()
pipeline = dlt.pipeline("rival", destination=dlt.destinations.postgres(url), dataset_name="rival")
pipeline.run([responses(), answers()], loader_file_format="csv")
print(json.dumps({"seconds": time.perf_counter() - began}))
