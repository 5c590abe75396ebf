/**
 * Shapes of what goes in and out, as JSON Schema. They are plain data, and their types are computed from them: a library of
 * builders for them took 5 MiB of every node, for as long as it lived.
 */
import type { JSONSchema } from 'json-schema-to-ts'

type Properties = Readonly<Record<string, JSONSchema>>

/** text is any string, truth is yes or no, and count is a whole number from 0. */
export const text = { type: 'string' } as const
export const truth = { type: 'boolean' } as const
export const count = { type: 'integer', minimum: 0 } as const

/** objectOf is an object with all of these properties, and no others. */
export function objectOf<const P extends Properties>(properties: P) {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties) as readonly (keyof P & string)[],
    additionalProperties: false,
  } as const
}

/** optionsOf is an object with any of these properties, and no others. */
export function optionsOf<const P extends Properties>(properties: P) {
  return { type: 'object', properties, additionalProperties: false } as const
}
