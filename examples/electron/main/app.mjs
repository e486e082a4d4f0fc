// The app: what happens when. `electron` is passed in, so that all of it can be tested without Electron.
import { join } from 'node:path'
import { handleRequests, publishTo } from './channels.mjs'
import { SCHEME, answer } from './page.mjs'
import { Session } from './session.mjs'
import { Trainer } from './trainer.mjs'
import { isFromPage, openWindow } from './window.mjs'

/**
 * Starts the app.
 * @param {typeof import('electron')} electron
 */
export function startApp(electron) {
  const { app, dialog, ipcMain, powerSaveBlocker, protocol, session: sessions, utilityProcess } = electron
  // A second instance would write to the same files.
  if (!app.requestSingleInstanceLock()) return void app.quit()
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ])

  let window = null
  const publish = publishTo(() => window)
  const awake = stayAwake(powerSaveBlocker)
  const showShare = shareShower()
  const trainer = new Trainer(() => utilityProcess.fork(trainerFile(app), [], { serviceName: 'Own Words trainer' }))
  const session = new Session(
    trainer,
    (change) => {
      publish(change)
      awake(session.isTraining)
      showShare(window, session)
    },
    { base: baseFolder(app), adapter: join(app.getPath('userData'), 'adapter.safetensors') },
  )
  handleRequests({ ipcMain, isOurs: isFromPage }, session, {
    chooseFolder: () => chooseFolder(dialog, window),
    chooseFile: () => chooseFile(dialog, window, app),
  })

  const open = () => {
    window = openWindow(electron)
    window.on('close', (event) => askBeforeClosing(event, { dialog, window, session }))
    window.on('closed', () => (window = null))
  }
  app.on('second-instance', () => window?.focus())
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', () => session.end())
  // Not awaited: Electron is ready only after the entry module has been evaluated.
  void app.whenReady().then(() => {
    protocol.handle(SCHEME, answer)
    sessions.defaultSession.setPermissionRequestHandler((_contents, _permission, grant) => grant(false))
    open()
    return session.start()
  })
}

/** Packed, the trainer and what it imports lie beside the archive, as real files. */
function trainerFile(app) {
  return join(app.getAppPath().replace(/\.asar$/, '.asar.unpacked'), 'trainer/main.mjs')
}

/** The engine maps the weights, which a file in an archive does not allow: packed, they are a resource of their own. */
function baseFolder(app) {
  return app.isPackaged ? join(process.resourcesPath, 'models/base') : join(app.getAppPath(), '../../models/base')
}

async function chooseFolder(dialog, window) {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title: 'Choose a model folder',
    message: 'A folder with config.json, model.safetensors and tokenizer.json',
    properties: ['openDirectory'],
  })
  return canceled ? null : filePaths[0]
}

async function chooseFile(dialog, window, app) {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    title: 'Export the adapter',
    defaultPath: join(app.getPath('documents'), 'my-words.safetensors'),
    filters: [{ name: 'Safetensors', extensions: ['safetensors'] }],
  })
  return canceled || !filePath ? null : filePath
}

/** A training takes minutes, and closing a window takes one wrong key. */
function askBeforeClosing(event, { dialog, window, session }) {
  if (!session.isTraining) return
  const choice = dialog.showMessageBoxSync(window, {
    type: 'question',
    message: 'The training goes on. Close all the same?',
    detail: 'What it has learnt so far is lost.',
    buttons: ['Go on training', 'Close'],
    defaultId: 0,
    cancelId: 0,
  })
  if (choice === 0) event.preventDefault()
}

/** Tells the system not to sleep while something is trained. */
function stayAwake(powerSaveBlocker) {
  let blocker = null
  return (isTraining) => {
    if (isTraining && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension')
    if (isTraining || blocker === null) return
    powerSaveBlocker.stop(blocker)
    blocker = null
  }
}

/** The share that is done, in the task bar or the dock; told again when it is another percent. */
function shareShower() {
  let shown = -1
  return (window, session) => {
    const share = session.isTraining ? Math.floor(100 * session.snapshot.state.run.share) / 100 : -1
    if (share === shown || !window || window.isDestroyed()) return
    shown = share
    window.setProgressBar(share)
  }
}
