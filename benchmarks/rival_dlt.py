"""dlt as its documentation has it: merge on the primary key, CSV files for the loader. Runs in an environment of its own.

`python -m benchmarks.rival_dlt URL HOST`. It reads the file once for responses and once for answers.
"""

import json
import sys
import time
import zipfile

import dlt
import orjson

from benchmarks.counting import histograms
from benchmarks.data import MAPPED
from benchmarks.download import download

url, host = sys.argv[1:]
began = time.perf_counter()
file = download(host)


def records():
    with zipfile.ZipFile(file.name) as archive, archive.open(archive.infolist()[0]) as entry:
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
        yield [{"external_id": identity, "field": f, "value": str(values[f])} for f in MAPPED if f in values]


pipeline = dlt.pipeline("rival", destination=dlt.destinations.postgres(url), dataset_name="rival")
pipeline.run([responses(), answers()], loader_file_format="csv")
with pipeline.sql_client() as client:
    client.execute_sql(histograms("rival.responses", "rival.answers"))
print(json.dumps({"seconds": time.perf_counter() - began}))
