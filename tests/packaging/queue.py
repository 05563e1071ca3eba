#!/usr/bin/python3
"""What a user has who names a queue and a Slack secret: the chart's configuration for that, started with
the chart's command against moto's SQS and S3. A log file in the bucket becomes a message in Slack.

Usage: queue.py TOCSIN WORK_FOLDER
"""
import http.server
import pathlib
import re
import subprocess
import sys
import threading

import yaml

from aws_stand_in import REGION, Moto, free_port, moto_server
from chart import HERE, ROOT, configuration, must, pods
from monitoring import wait_for



class Slack(http.server.BaseHTTPRequestHandler):
    messages = []

    def do_POST(self):
        Slack.messages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def main():
    tocsin, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    program = moto_server()
    if program is None:
        print("SKIPPED: no moto_server")
        return
    work.mkdir(parents=True, exist_ok=True)
    slack = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slack)
    threading.Thread(target=slack.serve_forever, daemon=True).start()
    moto, service = Moto(program), None
    try:
        wait_for(moto.is_there, "moto")
        queue = moto.trail()
        golden = [each for each in yaml.safe_load_all((HERE / "golden/sqs.yaml").read_text()) if each]
        configuration(tocsin, work, "sqs", golden)
        top = work / "pod/sqs"
        (top / "var/lib/tocsin").mkdir(parents=True)  # the volume
        # What is otherwise here than in a cluster: addresses, and that they are loopback's.
        (top / "etc/tocsin/secrets/slack").write_text(f"http://127.0.0.1:{slack.server_port}/hook")
        file = top / "etc/tocsin/config/tocsin.yml"
        config = yaml.safe_load(file.read_text())
        config["server"]["listen"] = f"127.0.0.1:{free_port()}"
        config["sources"][0].update(queue_url=queue, endpoint=moto.url, region=REGION)
        config["receivers"][0]["allow_networks"] = ["127.0.0.0/8"]
        file.write_text(yaml.safe_dump(config))
        arguments = [re.sub("^/etc/tocsin", f"{top}/etc/tocsin", each)
                     for each in next(pods(golden))["containers"][0]["args"]]
        with open(work / "service.log", "wb") as log:
            service = subprocess.Popen([tocsin, *arguments], stdout=log, stderr=log, env={
                "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"})
        record = (ROOT / "examples/events/batch_create_compute_environment.json").read_bytes()
        moto.put("log", record)

        def has_arrived():
            must(service.poll() is None, f"the service has ended: {(work / 'service.log').read_text()}")
            return any("Compute Environment Changed Without MFA" in each for each in Slack.messages)
        wait_for(has_arrived, "the message in Slack")
        wait_for(lambda: moto.left(queue) == 0, "the queue's message to be deleted")
        service.terminate()
        must(service.wait(60) == 0, f"it ended with {service.returncode}")
    finally:
        for process in filter(None, (service, moto.process)):
            process.kill()
            process.wait()
    print("a log file in a bucket became a message in Slack, and its notice left the queue")


if __name__ == "__main__":
    main()
