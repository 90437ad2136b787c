;; A plugin that does what no plugin may. The calls not listed trap at once.
;;   configure    succeeds
;;   event-types  takes memory until there is no more, and answers as many NULs as it has pages
;;   list         computes for ever
;;   get          writes an error to the log and traps
;;   message      asks for the time for ever
(module
  (import "hookwright:webhooks/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024) "a panic's text")

  ;; 0 to 63 stays zero: there lies every answer that is `ok` and empty. 64 is that of event-types, 128 the time.
  (func (export "hookwright:webhooks/webhooks@0.1.0#configure")
    (param i32) (result i32)
    i32.const 0)

  (func (export "hookwright:webhooks/webhooks@0.1.0#event-types") (result i32)
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store (i32.const 68) (i32.const 65536))
    (i32.store (i32.const 72) (memory.size))
    i32.const 64)

  (func (export "hookwright:webhooks/webhooks@0.1.0#list") (param i32 i32 i32 i32 i32 i32) (result i32)
    (loop $on (br $on))
    unreachable)

  (func (export "hookwright:webhooks/webhooks@0.1.0#get") (param i32 i32 i32 i32) (result i32)
    (call $log (i32.const 0) (i32.const 1024) (i32.const 14))
    unreachable)

  (func (export "hookwright:webhooks/webhooks@0.1.0#message") (param i32 i32 i32 i32) (result i32)
    (loop $on
      (call $now (i32.const 128))
      (br $on))
    unreachable)

  (func (export "hookwright:webhooks/webhooks@0.1.0#on-event") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#on-events") (param i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#register") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#update") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#unregister") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#rotate-secret")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#test-webhook") (param i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#attempts")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#message-attempts")
    (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#payload") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#explain") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#redeliver") (param i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#erase") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#settings") (param i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#update-settings") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#recover") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#replay") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#job") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#jobs") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#cancel-job") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#deliver") (param i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/webhooks@0.1.0#reclaim-leases") (result i32) unreachable)
  (func (export "hookwright:webhooks/console@0.1.0#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
  (func (export "hookwright:webhooks/receiver@0.1.0#verify")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)

  ;; What the host hands over lies at 4096 and is never read.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))
