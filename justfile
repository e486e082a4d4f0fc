# Short names for the npm scripts. No logic here.

build:
    npm run build

check:
    npm run check

fast:
    npm run check:fast

test:
    npm test

rust:
    npm run test:rust

node:
    npm run test:node

fmt:
    npm run format

gen:
    npm run gen && npm run api
