#!/bin/sh
# Prints the numbers from 1 to $1, with Fizz, Buzz and FizzBuzz.
i=1
while [ "$i" -le "$1" ]; do
    if [ $((i % 3)) -eq 0 ]; then
        echo Fizz
    elif [ $((i % 5)) -eq 0 ]; then
        echo Buzz
    else
        echo "$i"
    fi
    i=$((i + 1))
done
