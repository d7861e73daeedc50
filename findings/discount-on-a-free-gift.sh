#!/usr/bin/env bash
# A discount of 1.01 shared over a basket: in Go the free gift gets a fen of it, in Rust the refund takes back another share.
#
# "Allocate" is the method of a money library that shares out an amount by weights and loses nothing: what cannot be divided is
# given away fen by fen. Weights are the prices of the lines, amounts in fen; the refund of the whole order is the same with a
# minus. JavaScript dinero.js 2.0.2, Go github.com/Rhymond/go-money 1.0.15, Rust rusty-money 0.5.1:
#
#   amount    weights     dinero.js     go-money      rusty-money
#    101      0, 1, 1     0  51  50     1  50  50     0  51  50
#   -101      0, 1, 1     0 -51 -50    -1 -50 -50     0 -50 -51
#      5      3, 7        1  4          2  3          2  3
#     -5      3, 7       -1 -4         -2 -3         -1 -4
#   1000      50, 30, 21  all three: 496 297 207
#
# Each sum is right, and that is what a test looks at. In Go a line of price 0 comes to -0.01, which a rule of "no line below
# zero" refuses and an invoice prints. In Rust the lines of the refund do not undo those of the sale: a discount of 0.02 on the
# first of two lines is taken back as 0.01. Two services that share out the same order, one for the receipt and one for the
# books, differ by line. Share out in one place, keep the shares with the lines, and refund what was kept.
#
# Needs Go, Node.js 20, a Rust toolchain.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

printf '%s\n' '101 0 1 1' '-101 0 1 1' '5 3 7' '-5 3 7' '1000 50 30 21' >baskets

npm install --silent --no-audit --no-fund --no-save --prefix . dinero.js@2.0.2 >/dev/null
cat >share.mjs <<'JS'
import { readFileSync } from "node:fs";
import { allocate, dinero, toSnapshot } from "dinero.js";
import { CNY } from "dinero.js/currencies";

for (const basket of readFileSync("baskets", "utf8").trim().split("\n")) {
  const [amount, ...weights] = basket.split(" ").map(Number);
  const shares = allocate(dinero({ amount, currency: CNY }), weights).map((share) => toSnapshot(share).amount);
  console.log(`dinero.js ${basket}:`, shares.join(" "));
}
JS

mkdir go && cat >go/main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/Rhymond/go-money"
)

func main() {
	baskets := bufio.NewScanner(os.Stdin)
	for baskets.Scan() {
		var numbers []int
		for _, word := range strings.Fields(baskets.Text()) {
			number, _ := strconv.Atoi(word)
			numbers = append(numbers, number)
		}
		shares, err := money.New(int64(numbers[0]), "CNY").Allocate(numbers[1:]...)
		if err != nil {
			panic(err)
		}
		fmt.Printf("go-money %s:", baskets.Text())
		for _, share := range shares {
			fmt.Print(" ", share.Amount())
		}
		fmt.Println()
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/Rhymond/go-money@v1.0.15 >/dev/null 2>&1 && go build -o ../share .)

mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "share"
version = "0.0.0"
edition = "2024"

[dependencies]
rusty-money = "=0.5.1"

[workspace]
TOML
cat >rust/src/main.rs <<'RUST'
use rusty_money::{Money, iso};

fn main() {
    for basket in std::io::stdin().lines() {
        let basket = basket.unwrap();
        let (amount, weights) = basket.split_once(' ').unwrap();
        let amount = Money::from_minor(amount.parse().unwrap(), iso::CNY);
        let weights: Vec<u32> = weights.split(' ').map(|weight| weight.parse().unwrap()).collect();
        let shares = amount.allocate(weights).unwrap();
        let shares: Vec<_> = shares.iter().map(|share| share.amount().to_string()).collect();
        println!("rusty-money {basket}: {}", shares.join(" "));
    }
}
RUST
seen=$(node share.mjs; ./share <baskets; cargo run -q --manifest-path rust/Cargo.toml <baskets)
echo "$seen"
[ "$seen" = "dinero.js 101 0 1 1: 0 51 50
dinero.js -101 0 1 1: 0 -51 -50
dinero.js 5 3 7: 1 4
dinero.js -5 3 7: -1 -4
dinero.js 1000 50 30 21: 496 297 207
go-money 101 0 1 1: 1 50 50
go-money -101 0 1 1: -1 -50 -50
go-money 5 3 7: 2 3
go-money -5 3 7: -2 -3
go-money 1000 50 30 21: 496 297 207
rusty-money 101 0 1 1: 0.00 0.51 0.50
rusty-money -101 0 1 1: 0.00 -0.50 -0.51
rusty-money 5 3 7: 0.02 0.03
rusty-money -5 3 7: -0.01 -0.04
rusty-money 1000 50 30 21: 4.96 2.97 2.07" ]
echo "as described"
