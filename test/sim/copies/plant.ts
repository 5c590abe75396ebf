/** `node --import plant.js worker.js …` runs with the bug that SIM_PLANT describes. */
import { register } from 'node:module'

register('./plant-hook.js', import.meta.url, { data: JSON.parse(process.env.SIM_PLANT ?? '{}') })
