import * as electron from 'electron'
import { startApp } from './main/app.mjs'

startApp(electron)
