"""Many organisations at once, compared with a loop over `recommend` and the same rules in two engines for tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from time import thread_time
from typing import Any

import numpy as np
import pyarrow as pa

from bench.peers import Program, list_peers, make_peer
from bench.report import Section, Target, fold, table
from cxrules.advisor import Advisor
from cxrules.columns.numpy_executor import Codes
from cxrules.columns.tables import TableJudge
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["draw_codes", "draw_table", "measure_processes", "measure_tables", "time_call"]

_KNOWN = 25 / 60
_ROUNDS = 3
_FEW = 1_000
_LOOPS = ("datalogic-py", "zen-engine", "CLIPS (clipspy)")
_BATCH = "datalogic-py, its batch, the rules alone"


def measure_tables(size: int) -> Section:
    """Measure on `size` organisations, each with 25 known facts on average."""
    advisor = Advisor()
    judge = advisor.tables
    codes = draw_codes(judge, size)
    few = [read_code_row(judge, codes, row) for row in range(min(size, 5_000))]
    _assert_equal(advisor, codes, few)
    dictionaries, strings = draw_table(judge, codes), draw_table(judge, codes, strings=True)
    pa.set_cpu_count(1)
    loop = len(few) / time_call(lambda: [advisor.recommend(row) for row in few])
    rows: dict[str, float] = {"a loop over `recommend()`": loop}
    contenders: dict[str, Callable[[], object]] = {
        "coded columns, the model": lambda: judge.models_of(codes, size),
        "coded columns, the whole outcome": lambda: judge.decide(codes, size),
        "coded columns, with the fired rules": lambda: judge.decide(codes, size, also=["fired"]),
        "Arrow dictionaries, `brief`": lambda: advisor.recommend_frame(dictionaries, brief=True),
        "Arrow dictionaries": lambda: advisor.recommend_frame(dictionaries),
        "Arrow strings, `brief`": lambda: advisor.recommend_frame(strings, brief=True),
        "Arrow strings": lambda: advisor.recommend_frame(strings),
    }
    for name, contender in contenders.items():
        rows[name] = size / time_call(contender)
    rows |= _measure_engines_for_tables(advisor, dictionaries, codes)
    one_by_one = _measure_engines_in_a_loop(advisor, few[:_FEW])
    rows |= one_by_one
    two, at_best = measure_processes(size)
    text = fold(
        f"""{size:,} organisations, of each of which 25 facts are known on average; organisations in a second of
        processor time. Equality with `recommend()` is asserted on {len(few):,} of them first, and that of the rules
        that the other engines fire on all that they were given. Polars and DuckDB get the rules alone: an SQL
        expression for each rule, stratum by stratum, the sets as a column of true and false for each element, the
        time of all their threads. A translation by hand could be faster. datalogic-py takes {_FEW:,} organisations in
        one call of its batch, zen-engine and CLIPS one after another; their facts are prepared beforehand, and they
        too answer the rules alone."""
    )
    shown = [[name, f"{rate:,.0f}", f"{rate / loop:,.1f}"] for name, rate in rows.items()]
    bits = sum(codes[name].dtype.itemsize for name in codes)
    text += f"\n\n{table(['what', 'organisations a second:', 'times a loop:'], shown)}\n\n" + fold(
        f"""An organisation is {bits} bytes as codes, {dictionaries.nbytes / size:,.0f} as Arrow dictionaries,
        {strings.nbytes / size:,.0f} as strings. Two processes decide {two:.2f} times as many as one in the
        processor time of each. Two that only AND the same two kilobytes repeatedly, and so share only the machine,
        reach {at_best:.2f} times."""
    )
    fired = rows["coded columns, with the fired rules"]
    return Section(
        "Many organisations at once",
        text,
        (
            Target.at_least(
                "coded columns, compared with a loop", rows["coded columns, the model"] / loop, 500, "times"
            ),
            Target.at_least(
                "Arrow dictionaries, compared with a loop", rows["Arrow dictionaries, `brief`"] / loop, 100, "times"
            ),
            Target.at_least("Arrow strings, compared with a loop", rows["Arrow strings, `brief`"] / loop, 30, "times"),
            Target.at_least("coded columns, compared with Polars", fired / rows["Polars, the rules alone"], 5, "times"),
            Target.at_least(
                "coded columns, compared with DuckDB", fired / rows["DuckDB, the rules alone"], 15, "times"
            ),
            Target.at_least("two processes, compared with one", two, 1.7, "times"),
            *(
                Target.at_least(
                    "Arrow dictionaries, compared with the batch of datalogic-py",
                    rows["Arrow dictionaries, `brief`"] / rate,
                    100,
                    "times",
                )
                for name, rate in one_by_one.items()
                if name == _BATCH
            ),
        ),
    )


def draw_codes(judge: TableJudge, size: int, seed: int = 1) -> dict[str, Codes]:
    """Draw organisations as codes."""
    random = np.random.default_rng(seed)
    codes: dict[str, Codes] = {}
    for name, fact in judge.rulebase.vocabulary.facts.items():
        kind = judge.coder.types[name]
        if fact.kind is Kind.SET:
            column = (random.integers(0, 1 << len(fact.names), size) << 1 | 1).astype(kind)
        else:
            column = random.integers(1, len(judge.program.cases[name]) + 1, size).astype(kind)
        column[random.random(size, dtype=np.float32) >= _KNOWN] = 0
        codes[name] = column
    return codes


def read_code_row(judge: TableJudge, codes: Mapping[str, Codes], row: int) -> dict[str, FactValue]:
    """Return the facts of one organisation."""
    found: dict[str, FactValue] = {}
    for name, fact in judge.rulebase.vocabulary.facts.items():
        if code := int(codes[name][row]):
            found[name] = _elements(fact, code) if fact.kind is Kind.SET else judge.program.cases[name][code - 1]
    return found


def _elements(fact: Fact, code: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(fact.names, 1) if code >> place & 1)


def draw_table(judge: TableJudge, codes: Mapping[str, Codes], *, strings: bool = False) -> pa.Table:
    """Return organisations as an Arrow table; names of values as dictionaries or as plain strings."""
    columns = {}
    for name, fact in judge.rulebase.vocabulary.facts.items():
        missing = codes[name] == 0
        place = np.maximum(codes[name].astype(np.int32) - 1, 0)
        if fact.kind is Kind.SET:
            sets = [list(_elements(fact, number << 1)) for number in range(1 << len(fact.names))]
            column = pa.array(sets, pa.list_(pa.string())).take(
                pa.array(codes[name].astype(np.int32) >> 1, mask=missing)
            )
        else:
            values = judge.program.cases[name]
            plain = pa.array(list(values), pa.float64() if fact.kind is Kind.PERCENT else None)
            column = pa.DictionaryArray.from_arrays(pa.array(place, mask=missing), plain)
            if strings or fact.kind in (Kind.PERCENT, Kind.FLAG):
                column = column.cast(plain.type) if fact.kind is not Kind.FLAG else plain.take(column.indices)
        columns[name] = column
    return pa.table(columns)


def time_call(call: Callable[[], object]) -> float:
    """Return the median seconds of this thread that a call takes, the first not counted."""
    call()
    times = []
    for _ in range(_ROUNDS):
        started = thread_time()
        call()
        times.append(thread_time() - started)
    return sorted(times)[_ROUNDS // 2]


def _assert_equal(advisor: Advisor, codes: Mapping[str, Codes], few: list[dict[str, FactValue]]) -> None:
    judge = advisor.tables
    table = judge.decide({name: column[: len(few)] for name, column in codes.items()}, len(few), also=["fired"])
    for place, facts in enumerate(few):
        decision = advisor.judge.decide(facts)
        assert (None, *judge.models)[int(table.model[place])] == decision.model
        assert int.from_bytes(table.flags["fired"][place].tobytes(), "little") == decision.fired


def measure_processes(size: int) -> tuple[float, float]:
    """Return the ratio of two processes' decisions to one's, in the processor time of each: the best of several rounds.

    The second ratio is that of two processes that need no memory, which shows how far the machine slows both down.
    """
    with get_context("spawn").Pool(2) as pool:
        pool.map(_work, [(1, 1_000, 1)] * 2)
        deciding = _compare_processes(pool, _work, [(1, size, 8), (2, size, 8)])
        return deciding, _compare_processes(pool, _spin, [1_000_000] * 2)


def _compare_processes(pool: Pool, work: Callable[[Any], float], asked: list[Any]) -> float:
    alone, both = [], []
    for _ in range(_ROUNDS):
        alone.append(pool.apply(work, asked[:1]))
        both.append(max(pool.map(work, asked, chunksize=1)))
    return 2 * min(alone) / min(both)


def _work(asked: tuple[int, int, int]) -> float:
    seed, size, rounds = asked
    judge = Advisor().tables
    codes = draw_codes(judge, size, seed)
    judge.models_of(codes, size)
    started = thread_time()
    for _ in range(rounds):
        judge.models_of(codes, size)
    return thread_time() - started


def _spin(times: int) -> float:
    one, other = np.zeros((2, 2048), np.uint8)
    started = thread_time()
    for _ in range(times):
        np.bitwise_and(one, other, one)
    return thread_time() - started


def _measure_engines_for_tables(advisor: Advisor, table_: pa.Table, codes: Mapping[str, Codes]) -> dict[str, float]:
    import duckdb
    import polars as pl

    size = table_.num_rows
    flat = _flatten(advisor.rulebase, table_, codes)
    layers = [list(layer) for layer in _expressions(advisor.rulebase)]
    frame = pl.from_arrow(flat)
    assert isinstance(frame, pl.DataFrame)
    rules = [f'"{rule}"' for rule in advisor.rulebase.rule_ids]
    parsed = [[pl.sql_expr(expression).alias(name) for name, expression in layer] for layer in layers]

    def run_polars() -> pl.DataFrame:
        found = frame.lazy()
        for layer in parsed:
            found = found.with_columns(layer)
        return found.select(advisor.rulebase.rule_ids).collect()

    query = "flat"
    for layer in layers:
        columns = ", ".join(f'{expression} AS "{name}"' for name, expression in layer)
        query = f"(SELECT *, {columns} FROM {query})"  # noqa: S608 - our own text
    connection = duckdb.connect(config={"threads": 1})

    def run_duckdb() -> pa.Table:
        return connection.sql(f"SELECT {', '.join(rules)} FROM {query}").to_arrow_table()  # noqa: S608 - our own text

    connection.register("flat", flat)
    fired = advisor.tables.decide(codes, size, also=["fired"]).flags["fired"]
    bits = np.unpackbits(fired, axis=1, count=len(rules), bitorder="little").astype(bool)
    for found in (run_polars().to_arrow(), run_duckdb()):
        for place, rule in enumerate(advisor.rulebase.rule_ids):
            assert (np.asarray(found[rule].to_numpy(zero_copy_only=False), bool) == bits[:, place]).all(), rule
    return {
        "Polars, the rules alone": size / _time_all(run_polars),
        "DuckDB, the rules alone": size / _time_all(run_duckdb),
    }


def _measure_engines_in_a_loop(advisor: Advisor, few: list[dict[str, FactValue]]) -> dict[str, float]:
    """Measure engines that take one organisation after another, or a list of them; those not installed are left out."""
    fired = [advisor.judge.decide(known).fired for known in few]
    ids = [list(advisor.judge.decider.names(each)) for each in fired]
    rates = {}
    for peer in list_peers():
        if peer.name not in _LOOPS:
            continue
        program = make_peer(peer.name, advisor.rulebase)
        prepared = [program.prepare(known) for known in few]
        assert [sorted(program.fire(each)) for each in prepared] == ids
        if peer.name == "datalogic-py":
            rates[_BATCH] = len(few) / time_call(_batch(program, few, ids))
        else:
            rates[f"{peer.name}, the rules alone"] = len(few) / time_call(partial(_loop, program, prepared))
    return rates


def _loop(program: Program, prepared: list[Any]) -> None:
    for each in prepared:
        program.match(each)


def _batch(program: Any, few: list[dict[str, FactValue]], ids: list[list[str]]) -> Callable[[], object]:
    handles = program.prepare_all(few)
    assert [program.name(json.loads(each)) for each in program.match_all(handles)] == ids
    return partial(program.match_all, handles)


def _time_all(call: Callable[[], object]) -> float:
    """Return the time of all threads of the process, including those of a peer."""
    from time import process_time

    call()
    started = process_time()
    call()
    return process_time() - started


def _flatten(rulebase: RuleBase, table_: pa.Table, codes: Mapping[str, Codes]) -> pa.Table:
    columns: dict[str, Any] = {}
    for name, fact in rulebase.vocabulary.facts.items():
        if fact.kind is Kind.SET:
            missing = codes[name] == 0
            for place, element in enumerate(fact.names, 1):
                columns[f"{name}__{element}"] = pa.array((codes[name] >> place & 1).astype(bool), mask=missing)
        else:
            column = table_[name].combine_chunks()
            columns[name] = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    return pa.table(columns)


def _expressions(rulebase: RuleBase) -> Iterable[list[tuple[str, str]]]:
    """Return the rules as SQL, stratum by stratum, and after each stratum the findings that it completes."""
    done: set[str] = set()
    told: set[str] = set()
    for layer in rulebase.strata:
        yield [(rule, f"coalesce({_all(rulebase, rulebase.rules[rule].when)}, false)") for rule in layer]
        done.update(layer)
        ready = [name for name, rules in rulebase.concluders.items() if name not in told and done.issuperset(rules)]
        told.update(ready)
        found = [(f"finding {name}", _any(rulebase.concluders[name])) for name in ready]
        if found:
            yield found


def _any(rules: Iterable[str]) -> str:
    return " OR ".join(f'"{rule}"' for rule in rules) or "false"


def _all(rulebase: RuleBase, conditions: Iterable[Condition]) -> str:
    return " AND ".join(_one(rulebase, condition) for condition in conditions) or "true"


def _one(rulebase: RuleBase, condition: Condition) -> str:
    if isinstance(condition, AnyOf):
        parts = (f"coalesce({_all(rulebase, alternative)}, false)" for alternative in condition.alternatives)
        return f"({' OR '.join(parts)})"
    if isinstance(condition, FindingTest):
        return f'"finding {condition.finding}"'
    assert isinstance(condition, FactTest)
    return _test(rulebase.vocabulary[condition.fact], condition)


def _test(fact: Fact, test: FactTest) -> str:
    name = f'"{fact.name}"'
    if fact.kind is Kind.SET:
        assert isinstance(test.operand, tuple)
        parts = [f'"{fact.name}__{element}"' for element in test.operand]
        if test.operator is Operator.LACKS_ALL:
            return f"NOT ({' OR '.join(parts)})"
        return f"({(' AND ' if test.operator is Operator.INCLUDES_ALL else ' OR ').join(parts)})"
    if fact.kind is Kind.FLAG:
        return name if test.operand else f"NOT {name}"
    if fact.kind is Kind.PERCENT:
        sign = {Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.BELOW: "<", Operator.IS: "="}[test.operator]
        return f"{name} {sign} {test.operand}"
    passing = ", ".join(f"'{value}'" for value in fact.names if test.holds(value, fact))
    return f"{name} IN ({passing})"


if __name__ == "__main__":
    section = measure_tables(1 << 18)
    print(section.text)
    for target in section.targets:
        print(target)
