#!/usr/bin/env bash
# In Shanghai a date in a workbook is 43 seconds early, which is the day before.
#
# A cell of an XLSX file holds a day as a count from 1900, without a zone, so a library has nothing to convert. Python openpyxl
# 3.1.5 writes 2026-11-11 and 1990-05-20; read with dates switched on (cellDates) by
#
#                                                       TZ=Asia/Shanghai      TZ=Asia/Tokyo         TZ=UTC
#   SheetJS xlsx 0.18.5, the newest that npm serves     2026-11-10 23:59:17   2026-11-11 00:00:00   2026-11-11 00:00:00
#                                                       1990-05-19 23:59:17   1990-05-20 00:00:00   1990-05-20 00:00:00
#
# It counts from the local midnight of 1899-12-30 by Date, when Shanghai's clocks stood at +08:05:43, and rounds the
# offset to minutes. The error turns round on the way out: a Date of local midnight written by it is 43 seconds late in the
# file, as another library sees (ExcelJS 4.4.0: 2026-11-11T00:00:43). Its own round trip hides all but a second. Birthdays
# imported on a developer's machine in UTC are right, the same page in a member's shop takes the day before.
# Read the numbers (raw, no cellDates) and make days of them, or let the server read the file.
#
# Needs Python 3, Node.js with its zones.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check openpyxl==3.1.5
venv/bin/python - <<'PY'
import datetime, openpyxl
book = openpyxl.Workbook()
book.active.append([datetime.date(2026, 11, 11), datetime.date(1990, 5, 20)])
book.save("members.xlsx")
PY

npm install --silent --no-audit --no-fund --no-save --prefix . exceljs@4.4.0 xlsx@0.18.5 >/dev/null 2>&1
cat >read.cjs <<'JS'
const { Workbook } = require("exceljs");
const { readFile, utils, writeFile } = require("xlsx");
const two = (number) => String(number).padStart(2, "0");
const local = (time) =>
  `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
  `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
(async () => {
  const sheet = readFile("members.xlsx", { cellDates: true }).Sheets.Sheet;
  console.log(process.env.TZ, "reads", ["A1", "B1"].map((cell) => local(sheet[cell].v)).join(", "));

  const book = utils.book_new();
  utils.book_append_sheet(book, utils.aoa_to_sheet([[new Date(2026, 10, 11)]], { cellDates: true }));
  writeFile(book, "back.xlsx");
  const other = await new Workbook().xlsx.readFile("back.xlsx");
  console.log(process.env.TZ, "writes", other.worksheets[0].getCell("A1").value.toISOString().slice(0, 19));
})();
JS

seen=$(for zone in Asia/Shanghai Asia/Tokyo UTC; do TZ=$zone node read.cjs; done)
echo "$seen"
[ "$seen" = "Asia/Shanghai reads 2026-11-10 23:59:17, 1990-05-19 23:59:17
Asia/Shanghai writes 2026-11-11T00:00:43
Asia/Tokyo reads 2026-11-11 00:00:00, 1990-05-20 00:00:00
Asia/Tokyo writes 2026-11-11T00:00:00
UTC reads 2026-11-11 00:00:00, 1990-05-20 00:00:00
UTC writes 2026-11-11T00:00:00" ]
echo "as described"
