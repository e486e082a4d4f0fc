import * as lora from 'loralib'
// time per step with gpt2-small shape, B2 x T64; and latency of a high priority small request
const m = lora.models.GPT2LMHeadModel.fromConfig({vocab_size:50257,n_positions:256,n_embd:768,n_layer:12,n_head:12})
lora.injectLora(m,{targets:['c_attn'],r:4,loraAlpha:8}); lora.markOnlyLoraAsTrainable(m)
const params = m.parameters().filter(p=>p.requiresGrad)
const opt = new lora.optim.AdamW(params,{lr:1e-3})
const ids = Array.from({length:4},(_, b)=>Array.from({length:128},(_, t)=>(b*7+t*3)%50257))
const times=[]
const fast = lora.stream({priority:10})
const x = lora.tensor([[1,2],[3,4]])
let stop=false, lat=[]
const probe = (async()=>{ while(!stop){ const t=performance.now(); await fast.run(()=>{let y=x; for(let i=0;i<3;i++) y=y.add(x); return {p:y.data()}}).p; lat.push(performance.now()-t); await new Promise(r=>setTimeout(r,20)) } })()
for(let s=0;s<8;s++){ const t=performance.now(); const {loss}=m.forward(ids,{labels:ids}); loss.backward(); await opt.step(); opt.zeroGrad(); times.push(performance.now()-t)}
stop=true; await probe
lat.sort((a,b)=>a-b)
console.log('step ms', times.map(t=>t.toFixed(0)).join(' '), 'latency n', lat.length, 'p50', lat[lat.length>>1].toFixed(1), 'p99', lat[Math.floor(lat.length*.99)].toFixed(1), 'max', lat.at(-1).toFixed(1))
