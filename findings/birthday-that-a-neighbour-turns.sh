#!/usr/bin/env bash
# Who is born on 03/04/1990 has the birthday in April; in March, if a file that is read before it has a 12/25 in it.
#
# A reader of CSV that knows dates has to choose for 03/04/1990, and shows a file's dates as dates, right or wrong, for as long as
# all of them have a small number on both sides. Then one row more decides over all the others. The birthday of member 1,
# 03/04/1990, beside 05/06/1988:
#
#                                              DuckDB 2.0.1     Polars 2.1.0      pandas 3.1.1
#                                              read_csv         try_parse_dates   parse_dates
#   the file alone                             3 April          3 April           4 March
#   with a row of 12/25/1991                   4 March          a text            4 March
#   with a row of 25/12/1991                   3 April          3 April           a text
#   two files, first that of 12/25/1991        4 March          a text            not read together
#   two files, that of 12/25/1991 last         error            a text            not read together
#   90-03-04, 88-05-06 in its place            4 March 1990     4 March, year 90  4 March 1990
#
# DuckDB takes the day first where both would do, pandas the month; Polars and pandas hand over texts with no error where their
# order does not fit. DuckDB takes the order of a folder from the file that comes first, so a partner's file which sorts before
# the others turns their birthdays, and a birthday campaign greets members on the wrong day. Say the format
# (dateformat, schema_overrides and strptime, date_format) for each partner, and refuse a file that does not fit.
#
# Needs Python 3.11 or later.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 polars==2.1.0
mkdir first last
cat >born.py <<'PY'
import warnings
import duckdb, pandas, polars

warnings.simplefilter("ignore")

def write(name, *dates):
    with open(name, "w") as file:
        file.write("member,born\n" + "".join(f"{number},{date}\n" for number, date in enumerate(dates, 1)))
    return name

def show(name, *files):
    try:
        duck = duckdb.sql(f"SELECT born FROM read_csv({list(files)}) WHERE member = 1").fetchall()[-1 if "first" in name else 0][0]
    except duckdb.ConversionException:
        duck = "error"
    try:
        frame = polars.scan_csv(list(files), try_parse_dates=True).collect()
        born = frame.filter(polars.col("member") == 1)["born"][-1 if "first" in name else 0]
    except polars.exceptions.ComputeError:
        born = "error"
    one = pandas.read_csv(files[0], parse_dates=["born"])["born"][0] if len(files) == 1 else "-"
    print(f"{name}:", *(value if isinstance(value, str) else f"the {value.day}/{value.month} of {value.year}" for value in (duck, born, one)), sep=" | ")

old = ["03/04/1990", "05/06/1988"]
show("alone", write("alone.csv", *old))
show("with 12/25", write("american.csv", *old, "12/25/1991"))
show("with 25/12", write("european.csv", *old, "25/12/1991"))
show("12/25 first", write("first/2026-10.csv", "12/25/1991"), write("first/2026-11.csv", *old))
show("12/25 last", write("last/2026-10.csv", *old), write("last/2026-11.csv", "12/25/1991"))
show("two digits", write("short.csv", "90-03-04", "88-05-06"))
PY
seen=$(venv/bin/python born.py)
echo "$seen"
[ "$seen" = "alone: | the 3/4 of 1990 | the 3/4 of 1990 | the 4/3 of 1990
with 12/25: | the 4/3 of 1990 | 03/04/1990 | the 4/3 of 1990
with 25/12: | the 3/4 of 1990 | the 3/4 of 1990 | 03/04/1990
12/25 first: | the 4/3 of 1990 | 03/04/1990 | -
12/25 last: | error | 03/04/1990 | -
two digits: | the 4/3 of 1990 | the 4/3 of 90 | the 4/3 of 1990" ]
echo "as described"
