#!/bin/sh
# The last line of `fizzbuzz.sh 15` is FizzBuzz.
last=$(sh "$(dirname "$0")/fizzbuzz.sh" 15 | tail -n 1)
if [ "$last" = FizzBuzz ]; then
    echo "ok"
else
    echo "FAILED: 15 gives $last, not FizzBuzz"
    exit 1
fi
