-- No row can refer to another tenant's: every key between tenant tables is tried with an id of the other organization.
begin;
\ir fixtures/catalogue.sql
select no_plan();

create temp table attempt (name text, statement text);
insert into attempt values
('datapoint', format('insert into public.datapoint (org_id, object_type_id, key, name) values (%L, %L, ''x'', ''X'')',
    :org_a, :type_b)),
('object_source', format('insert into public.object_source (org_id, source_id, object_type_id, key_mapping) values (%L, %L, %L, ''[]'')',
    :org_a, :source_b, :type_a)),
('object_source', format('insert into public.object_source (org_id, source_id, object_type_id, key_mapping) values (%L, %L, %L, ''[]'')',
    :org_a, :source_a, :type_b)),
('datapoint_source', format('insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping) values (%L, %L, %L, ''[]'')',
    :org_a, :source_b, :datapoint_a)),
('datapoint_source', format('insert into public.datapoint_source (org_id, source_id, datapoint_id, key_mapping) values (%L, %L, %L, ''[]'')',
    :org_a, :source_a, :datapoint_b)),
('factor', format('insert into public.factor (org_id, key, name, object_type_id, datapoint_id, factor_type, operator)
    values (%L, ''x'', ''X'', %L, %L, ''volume'', ''equals'')', :org_a, :type_b, :datapoint_a)),
('factor', format('insert into public.factor (org_id, key, name, object_type_id, datapoint_id, factor_type, operator)
    values (%L, ''x'', ''X'', %L, %L, ''volume'', ''equals'')', :org_a, :type_a, :datapoint_b)),
('source_token', format('insert into public.source_token (org_id, source_id) values (%L, %L)', :org_a, :source_b)),
('activity', format('insert into public.activity (org_id, key, name, activity_type_id, object_type_id)
    select %L, ''x'', ''X'', id, %L from public.activity_type limit 1', :org_a, :type_b)),
('activity_source', format('insert into public.activity_source values (%L, %L, %L)', :org_a, :activity_b, :source_a)),
('activity_source', format('insert into public.activity_source values (%L, %L, %L)', :org_a, :activity_a, :source_b)),
('activity_endpoint', format('insert into public.activity_endpoint values (%L, %L, %L)', :org_a, :activity_b, :endpoint_a)),
('activity_endpoint', format('insert into public.activity_endpoint values (%L, %L, %L)', :org_a, :activity_a, :endpoint_b)),
('activity_request', format('insert into public.activity_request (org_id, activity_id, content) values (%L, %L, ''{}'')',
    :org_a, :activity_b)),
('activity_request', format('insert into public.activity_request (org_id, activity_id, content, workflow_request_id)
    values (%L, %L, ''{}'', %L)', :org_a, :activity_a, 'b0000000-0000-7000-8000-00000000000e')),
('workflow_request', format('insert into public.workflow_request (org_id, workflow_id) values (%L, %L)',
    :org_a, 'b0000000-0000-7000-8000-0000000000aa')),
('workflow_progress', format('insert into public.workflow_progress (org_id, workflow_request_id) values (%L, %L)',
    :org_a, 'b0000000-0000-7000-8000-00000000000e')),
('request_progress', format('insert into public.request_progress (org_id, activity_request_id) values (%L, %L)', :org_a, :request_b)),
('object', format('insert into public.object (org_id, object_type_id, original_object_value_name) values (%L, %L, ''x'')',
    :org_a, :type_b)),
('request_result', format('insert into public.request_result values (%L, %L, 0, 1, '''')', :org_a, :request_b)),
('request_mapping', format('insert into public.request_mapping (org_id, activity_request_id, source_id, mapping) values (%L, %L, %L, ''[]'')',
    :org_a, :request_b, :source_a)),
('delivery', format('insert into public.delivery (org_id, activity_request_id, webhook_endpoint_id, payload) values (%L, %L, %L, '''')',
    :org_a, :request_b, :endpoint_a)),
('delivery', format('insert into public.delivery (org_id, activity_request_id, webhook_endpoint_id, payload) values (%L, %L, %L, '''')',
    :org_a, :request_a, :endpoint_b)),
('delivery', format('insert into public.delivery (org_id, workflow_request_id, webhook_endpoint_id, payload) values (%L, %L, %L, '''')',
    :org_a, 'b0000000-0000-7000-8000-00000000000e', :endpoint_a)),
('webhook_secret', format('insert into public.webhook_secret (org_id, webhook_endpoint_id, kind, sealed) values (%L, %L, ''whsec'', '''')',
    :org_a, :endpoint_b)),
('endpoint_health', format('insert into public.endpoint_health (org_id, webhook_endpoint_id) values (%L, %L)', :org_a, :endpoint_b)),
('workflow_endpoint', format('insert into public.workflow_endpoint values (%L, %L, %L)', :org_a, 'b0000000-0000-7000-8000-0000000000aa', :endpoint_a)),
('workflow_endpoint', format('insert into public.workflow_endpoint values (%L, %L, %L)', :org_a, 'a0000000-0000-7000-8000-0000000000aa', :endpoint_b)),
('delivery_attempt', format('insert into public.delivery_attempt (org_id, delivery_id, attempt, duration_ms) values (%L, %L, 1, 0)',
    :org_a, 'b0000000-0000-7000-8000-00000000000d'));
insert into public.delivery (org_id, id, activity_request_id, webhook_endpoint_id, payload)
values (:org_b, 'b0000000-0000-7000-8000-00000000000d', :request_b, :endpoint_b, '');
insert into public.workflow (org_id, id, key, name, data) values
    (:org_a, 'a0000000-0000-7000-8000-0000000000aa', 'flow', 'Flow', '{}'), (:org_b, 'b0000000-0000-7000-8000-0000000000aa', 'flow', 'Flow', '{}');
insert into public.workflow_request (org_id, id) values
    (:org_a, 'a0000000-0000-7000-8000-00000000000e'), (:org_b, 'b0000000-0000-7000-8000-00000000000e');

select throws_ok(statement, '23503', null, name || ': ' || regexp_replace(statement, '\s+', ' ', 'g')) from attempt;
-- The same with one organization throughout: what was refused was the tenant, nothing else.
select lives_ok(replace(statement, 'b0000000', 'a0000000'), name || ' refers to its own organization')
from attempt where name not in ('request_progress', 'delivery_attempt')
group by name, replace(statement, 'b0000000', 'a0000000');

select bag_eq(
    'select name from attempt',
    $$select c.relname::text from pg_constraint as k
      join pg_class as c on c.oid = k.conrelid
      where k.contype = 'f' and k.confrelid in (
          select a.attrelid from pg_attribute as a where a.attname in ('org_id', 'owner_org_id'))$$,
    'every foreign key between tenant tables was tried');

-- One tenant's names do not stand in another's way.
select lives_ok(
    format('insert into public.object (org_id, object_type_id, original_object_value_name) values (%L, %L, ''same''), (%L, %L, ''same'')',
           :org_a, :type_a, :org_b, :type_b),
    'two organizations may name the same object');
select lives_ok(
    format('insert into public.activity_request (org_id, activity_id, content, idempotency_key)
            values (%L, %L, ''{}'', ''same''), (%L, %L, ''{}'', ''same'')', :org_a, :activity_a, :org_b, :activity_b),
    'two organizations may use the same idempotency key');
select throws_ok(
    format('insert into public.activity_request (org_id, activity_id, content, idempotency_key) values (%L, %L, ''{}'', ''same'')',
           :org_a, :activity_a),
    '23505', null, 'one organization may not use it twice');

-- Bounds that the tables hold by themselves.
select throws_ok(statement, '23514', null, statement)
from (values
    ('insert into public.org (key, name) values (''Not a word'', '''')'),
    ('insert into public.api_key (org_id, name, prefix, key_hash) select id, '''', '''', ''short'' from public.org limit 1'),
    ('update public.source set max_objects = 0'), ('update public.source set max_objects = 10001'),
    ('update public.activity set max_objects = 0'), ('update public.activity set max_objects = 100001'),
    ('update public.source set source_type = ''telepathy'''), ('update public.datapoint set data_type = ''feeling'''),
    ('update public.object set original_object_value_name = '''''),
    ('insert into public.rate_group (key, concurrency) values (''Not a word'', 1)'),
    ('insert into public.rate_group (key) values (''limits_nothing'')'),
    ('insert into public.rate_group (key, calls) values (''half_a_rate'', 1)'),
    ('insert into public.rate_group (key, concurrency) values (''none'', 0)'),
    ('insert into public.rate_group (key, calls, per_seconds) values (''never'', 0, 1)'),
    ('update public.object set original_object_value_name = repeat(''é'', 501)'),
    ('update public.activity_request set origin = ''elsewhere'''), ('update public.delivery set state = ''done'''),
    ('insert into public.dead_message (service, topic, key, reason, body) values ('''', '''', '''', '''', decode(repeat(''00'', 65537), ''hex''))')
) as b(statement);

select * from finish();
rollback;
