#!/usr/bin/env bash
# A member called 单明, whose name shows its pinyin in the workbook, is called míng by ExcelJS and 单明 shàn míng by Apache POI.
#
# 单 is read dān, and shàn in a name, so one puts the pinyin above it (Excel's 拼音指南, Japanese furigana). The file keeps the text and
# beside it the reading of each part (rPh in a shared string), which every reader that holds the workbook in memory leaves out. One
# workbook, its second row read by
#
#   Python openpyxl 3.1.5, python-calamine 0.9.1       单明
#   JavaScript SheetJS xlsx 0.18.5                     单明
#   JavaScript ExcelJS 4.4.0, Workbook                 单明
#   JavaScript ExcelJS 4.4.0, stream.WorkbookReader    míng
#   Java poi-ooxml 5.4.1, XSSFWorkbook                 单明
#   Java poi-ooxml 5.4.1, ReadOnlySharedStringsTable   单明 shàn míng
#   Java easyexcel 4.0.3 (on POI)                      单明
#
# Within ExcelJS, and within POI, the way for small files and the one for large ones disagree. ExcelJS' reader of streams keeps the
# last text of a string it meets, POI's adds the readings unless it is told not to (includePhoneticRuns). So an import of members
# that was tried with a hundred rows renames those with a rare surname when a hundred thousand come. With ExcelJS, read such files
# whole, or hand the shared strings to another library.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --no-save --prefix . exceljs@4.4.0 xlsx@0.18.5 >/dev/null
cat >write.cjs <<'JS'
const ExcelJS = require("exceljs");
const workbook = new ExcelJS.Workbook();
workbook.addWorksheet("members").addRows([["name", "points"], ["单明", 7]]);
workbook.xlsx.writeFile("plain.xlsx");
JS
node write.cjs
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check openpyxl==3.1.5 python-calamine==0.9.1
# What Excel writes for a text with a phonetic guide: ECMA-376, 18.4.6 (rPh) and 18.4.3 (phoneticPr).
cat >guide.py <<'PY'
import zipfile
guide = '<rPh sb="0" eb="1"><t>shàn</t></rPh><rPh sb="1" eb="2"><t>míng</t></rPh><phoneticPr fontId="0" alignment="center"/>'
with zipfile.ZipFile("plain.xlsx") as plain, zipfile.ZipFile("members.xlsx", "w", zipfile.ZIP_DEFLATED) as members:
    for name in plain.namelist():
        content = plain.read(name).decode()
        if name == "xl/sharedStrings.xml":
            assert content.count("<t>单明</t>") == 1
            content = content.replace("<t>单明</t>", f"<t>单明</t>{guide}")
        members.writestr(name, content)
PY
python3 guide.py
cat >read.py <<'PY'
import openpyxl, python_calamine
print("openpyxl:", openpyxl.load_workbook("members.xlsx").active["A2"].value)
print("calamine:", python_calamine.load_workbook("members.xlsx").get_sheet_by_index(0).to_python()[1][0])
PY
cat >read.cjs <<'JS'
const XLSX = require("xlsx");
const ExcelJS = require("exceljs");
async function main() {
  console.log("SheetJS:", XLSX.readFile("members.xlsx").Sheets.members.A2.v);
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.readFile("members.xlsx");
  console.log("ExcelJS, whole:", workbook.getWorksheet("members").getCell("A2").text);
  for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader("members.xlsx")) {
    for await (const row of sheet) if (row.number === 2) console.log("ExcelJS, as a stream:", row.getCell(1).text);
  }
}
main();
JS
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.alibaba</groupId><artifactId>easyexcel</artifactId><version>4.0.3</version></dependency>
    <dependency><groupId>org.apache.poi</groupId><artifactId>poi-ooxml</artifactId><version>5.4.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Read.java <<'JAVA'
import com.alibaba.excel.EasyExcel;
import com.alibaba.excel.context.AnalysisContext;
import com.alibaba.excel.event.AnalysisEventListener;
import java.io.File;
import java.util.Map;
import org.apache.poi.openxml4j.opc.OPCPackage;
import org.apache.poi.openxml4j.opc.PackageAccess;
import org.apache.poi.xssf.eventusermodel.ReadOnlySharedStringsTable;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;

class Read {
    public static void main(String[] none) throws Exception {
        try (XSSFWorkbook workbook = new XSSFWorkbook("members.xlsx")) {
            System.out.println("POI, whole: " + workbook.getSheetAt(0).getRow(1).getCell(0).getStringCellValue());
        }
        try (OPCPackage file = OPCPackage.open(new File("members.xlsx"), PackageAccess.READ)) {
            System.out.println("POI, as events: " + new ReadOnlySharedStringsTable(file).getItemAt(2).getString());
            System.out.println("POI, as events, told: " + new ReadOnlySharedStringsTable(file, false).getItemAt(2).getString());
        }
        EasyExcel.read("members.xlsx", new AnalysisEventListener<Map<Integer, String>>() {
            public void invoke(Map<Integer, String> row, AnalysisContext context) { System.out.println("EasyExcel: " + row.get(0)); }
            public void doAfterAllAnalysed(AnalysisContext context) {}
        }).sheet().doRead();
    }
}
JAVA

seen=$(venv/bin/python read.py; node read.cjs; java -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -Dlog4j2.StatusLogger.level=OFF -cp 'jars/*' Read.java 2>/dev/null)
echo "$seen"
[ "$seen" = "openpyxl: 单明
calamine: 单明
SheetJS: 单明
ExcelJS, whole: 单明
ExcelJS, as a stream: míng
POI, whole: 单明
POI, as events: 单明 shàn míng
POI, as events, told: 单明
EasyExcel: 单明" ]
echo "as described"
