-- What each bot or its host used of CPU, memory and disk, as logged.
--
-- Grain:   one row per line that tells; a line that is there twice is one.
-- Columns: ts         when it was logged.
--          bot, run_id  whose.
--          cpu_pct    CPU in percent, 0 to 100 and for a process on several cores more; null if not
--                     logged.
--          mem_pct    memory in percent of the host's; null if not logged.
--          memory_mb  memory in MiB; null if not logged.
--          disk_pct   disk in percent of its size; null if not logged.
--          kind       the kind of line: `system`, or `heartbeat` and others that tell it beside.
-- Fields:  cpu_pct float, cpu_percent float, cpu_usage_pct float, cpu_usage_percent float,
--          cpu_usage float, cpu float, cpupct float, cpupercent float, cpuusage float,
--          system_cpu_percent float, system_cpu_pct float, checks_system_cpu_pct float,
--          checks_system_cpu_percent float, mem_pct float, mem_percent float, memory_pct float,
--          memory_percent float, memory_usage_pct float, memory_usage_percent float,
--          mempct float, mempercent float, memorypercent float, system_memory_percent float,
--          checks_system_mem_pct float, checks_system_memory_percent float, memory_mb float,
--          mem_mb float, memorymb float, memory_usage_mb float, rss_mb float, memory_rss_mb float,
--          system_memory_mb float, checks_system_memory_mb float, disk_pct float,
--          disk_percent float, disk_usage_pct float, disk_usage_percent float, disk_usage float,
--          diskpct float, diskpercent float, system_disk_usage_percent float,
--          checks_system_disk_pct float, checks_disk_pct float
-- Needs:   system or heartbeat.checks_system_cpu_pct or any.cpu_pct or any.cpu_percent or
--          any.mem_pct or any.memory_percent or any.memory_mb or any.disk_pct
-- Reads:   windowed.
-- Source:  the catalyst guide's cpu_percent, memory_mb and disk_usage_percent; the purpleflea
--          guide's checks.system.
-- Omits:   units: names that do not say theirs (`cpu`, `cpu_usage`, `disk_usage`) are taken as
--          percent.

with lines as (
    select distinct
        ts,
        bot,
        run_id,
        coalesce(
            cpu_pct, cpu_percent, cpu_usage_pct, cpu_usage_percent, cpupct, cpupercent,
            system_cpu_percent, system_cpu_pct, checks_system_cpu_pct, checks_system_cpu_percent,
            cpu_usage, cpuusage, cpu
        ) as cpu_pct,
        coalesce(
            mem_pct, mem_percent, memory_pct, memory_percent, memory_usage_pct,
            memory_usage_percent, mempct, mempercent, memorypercent, system_memory_percent,
            checks_system_mem_pct, checks_system_memory_percent
        ) as mem_pct,
        coalesce(
            memory_mb, mem_mb, memorymb, memory_usage_mb, rss_mb, memory_rss_mb, system_memory_mb,
            checks_system_memory_mb
        ) as memory_mb,
        coalesce(
            disk_pct, disk_percent, disk_usage_pct, disk_usage_percent, diskpct, diskpercent,
            system_disk_usage_percent, checks_system_disk_pct, checks_disk_pct, disk_usage
        ) as disk_pct,
        kind
    from events
    where kind in ('system', 'heartbeat', 'equity', 'pnl', 'log')
)

select
    ts,
    bot,
    run_id,
    cpu_pct,
    mem_pct,
    memory_mb,
    disk_pct,
    kind
from lines
where coalesce(cpu_pct, mem_pct, memory_mb, disk_pct) is not null
