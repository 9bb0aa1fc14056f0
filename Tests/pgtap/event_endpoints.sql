-- Who gets an event: the endpoints that an activity or workflow names and those that ask for it, of one organization, none that are disabled.
begin;
\ir fixtures/catalogue.sql
select no_plan();

insert into public.webhook_endpoint (org_id, key, url, event_types, disabled_at)
select o.id, e.key, 'https://example.org', e.event_types, e.disabled_at
from (values (:org_a::uuid), (:org_b::uuid)) as o(id)
cross join (values
    ('all', array['*'], null), ('ends', array['activity_request.completed'], null), ('flows', array['workflow_request.completed'], null),
    ('silent', '{}'::text[], null), ('off', array['*'], now()), ('quiet', null, null)) as e(key, event_types, disabled_at);
insert into public.activity_endpoint values (:org_a, :activity_a, :endpoint_a);
insert into public.activity_endpoint
select :org_a, :activity_a, id from public.webhook_endpoint where org_id = :org_a and key in ('silent', 'off', 'ends');
insert into public.workflow (org_id, id, key, name, data) values (:org_a, :activity_b, 'flow', 'Flow', '{}');
insert into public.workflow_endpoint
select :org_a, :activity_b, id from public.webhook_endpoint where org_id = :org_a and key in ('quiet', 'off');

create function pg_temp.receivers(p_org uuid, p_event text, p_activity uuid default null, p_workflow uuid default null) returns text
    language sql as $$
    select string_agg(case e.org_id when p_org then e.key else 'FOREIGN ' || e.key end, ' ' order by e.key)
    from etl_api.event_endpoints(p_org, p_event, p_activity, p_workflow) as r(id)
    join public.webhook_endpoint as e on e.id = r.id
$$;

-- As the services ask.
set local role weir_processor;
select is(pg_temp.receivers(:org_a, 'activity_request.completed', :activity_a), 'all ends hook silent',
          'those that the activity names, whatever they ask for, and those that ask for it, each once');
select is(pg_temp.receivers(:org_b, 'activity_request.completed', :activity_b), 'all ends',
          'another organization''s activity names nobody');
select is(pg_temp.receivers(:org_b, 'activity_request.completed', :activity_a), 'all ends',
          'the activity of another organization brings none of its endpoints');
select is(pg_temp.receivers(:org_a, 'activity_request.completed'), 'all ends', 'without an activity, those that ask');
select is(pg_temp.receivers(:org_a, 'workflow_request.completed', null, :activity_b), 'all flows quiet', 'a workflow names its own');
select is(pg_temp.receivers(:org_a, 'webhook_endpoint.disabled'), 'all hook quiet',
          'that an endpoint is disabled is for all that do not ask for other events only');
select is(pg_temp.receivers(:org_a, 'webhook_endpoint.test'), 'all', 'a test is for nobody else but who asks for all');
reset role;

update public.webhook_endpoint set deleted_at = now() where key = 'all';
select is(pg_temp.receivers(:org_a, 'workflow_request.completed', null, :activity_b), 'flows quiet', 'what was deleted gets nothing');

select function_privs_are('etl_api', 'event_endpoints', '{uuid, text, uuid, uuid}', r.name, array['EXECUTE'])
from (values ('weir_intake'), ('weir_processor'), ('weir_delivery'), ('weir_scheduler')) as r(name);
select function_privs_are('etl_api', 'event_endpoints', '{uuid, text, uuid, uuid}', 'anon', array[]::text[]);

select * from finish();
rollback;
