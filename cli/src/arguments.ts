/** Parsers of arguments and options; what they throw becomes a usage error. */
import { InvalidArgumentError } from 'commander'

/** wholeNumber returns a parser of whole numbers within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`)
  }
}

/** oneOf returns a parser of a word out of a list, in any case. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text.toUpperCase())
    if (word !== undefined) return word
    throw new InvalidArgumentError(`It takes one of ${words.join(', ')}.`)
  }
}
