"""The lanes: which rules meet which records, against what, and how fast that should be."""
import dataclasses


@dataclasses.dataclass
class Lane:
    name: str
    what: str
    rules: list          # paths
    inputs: list         # paths, the longest first; a shorter one is taken when the engine is slow
    goal: float
    options: tuple = ("--output", "none")
    against: str = "cloudtrail"  # the yardstick's format, "inflate", or "processes"
    threads: int = 1

    def command(self, binary, input_path, threads=None):
        command = [str(binary), "scan", "--threads", str(threads or self.threads), *self.options]
        for path in self.rules:
            command += ["--rules", str(path)]
        return [*command, str(input_path)]


def lanes(corpus, out, root):
    """Every lane by name, in the order they run."""
    def slices(name):
        return [out / f"{name}.jsonl", *(out / f"{name}_{part}.jsonl" for part in (4, 16, 64))]

    aws = corpus.supported_aws_rules()
    mix = slices("mix")
    made = out / "rules"
    declared = ("--output", "none", "--logsource", "product=aws,service=cloudtrail")
    any_source = ("--output", "none", "--logsource", "any")
    every = [
        Lane("A", "SigmaHQ AWS rules", [aws], mix, 0.70),
        Lane("B", "starter pack", [root / "rules"], mix, 0.65),
        Lane("C", "3,000 AWS rules", [made / "many"], mix, 0.50),
        Lane("D", "all SigmaHQ rules, declared source", [corpus.all_rules], mix, 0.65, declared),
        Lane("E", "all SigmaHQ rules, any source", [corpus.all_rules], mix, 0.35, any_source),
        Lane("F", "10,000 indicators and A", [made / "indicators", aws], mix, 0.60),
        Lane("G", "A over .json.gz, share of inflating alone", [aws], [out / "logs"], 0.80,
             against="inflate"),
        Lane("H", "A on 2 threads, share of 2 processes", [aws], mix, 0.95, against="processes",
             threads=2),
        Lane("I", "every record an alert, as JSON", [made / "every"], mix, 0.20,
             ("--output", "jsonl")),
        Lane("J", "Windows rules over Windows records", [corpus.windows_rules], slices("windows"),
             0.15, ("--output", "none", "--logsource", "any"), against="windows"),
        Lane("growth", "30,000 AWS rules", [made / "growth"], mix, 0.0),
    ]
    return {lane.name: lane for lane in every}
