views = Разделы
view-mine = Мои
view-unassigned = Без исполнителя
view-waiting = Ожидают ответа
view-snoozed = Отложенные
view-resolved = Решённые
view-all = Все
labels = Метки
nothing-opened = Откройте обращение из списка.
keys-move = переход
keys-open = открыть
oldest-first = Сначала старые
newest-first = Сначала новые
narrowed = с фильтром
order = Порядок
language-of-conversation = Язык обращения
any-language = Любой
show = Показать
show-all = Показать все
none-here = Здесь ничего не ждёт.
none-narrowed = Ничего не подходит под фильтр.
more = Ещё
wakes = до { $at }
assigned-to-you = вы
nameless = Без имени
subjectless = Без темы
erased = Удалено
state-new = новое
state-open = открыто
state-waiting = ожидает
state-snoozed = отложено
state-resolved = решено
channel-email = Почта
channel-phone = Звонок
actor-agent = Сотрудник
actor-system = Doorward
actor-operator = Оператор системы
actor-program = Программа
actor-customer = Клиент
event-resolved = Решено: { $who }
event-reopened = Открыто снова: { $who }
event-reopened-by-customer = Клиент написал снова
event-snoozed = Отложено до { $until }: { $who }
event-woken = Срок отсрочки истёк
event-waiting = Ожидание ответа клиента
event-taken = Взято в работу: { $who }
event-assigned = Назначено ({ $to }): { $who }
event-unassigned = Исполнитель снят: { $who }
event-labelled = Добавлена метка «{ $label }»: { $who }
event-unlabelled = Снята метка «{ $label }»: { $who }
message-undelivered = не доставлено
message-unproven = домен отправителя не подтверждает это письмо
message-automatic = автоответ
message-bulk = рассылка
message-bounce = отчёт о недоставке
message-ours = Мы
message-participant = Другой участник
message-empty = В этом сообщении нет текста.
note-by = Заметка, { $who }
quoted = Цитата
as-designed = В исходном оформлении
files = Файлы
file-raw = письмо целиком.eml
file-nameless = файл без имени
back-to-list = Назад к списку
back-to-end = К последним сообщениям
earlier = Более ранние сообщения
thread = Сообщения и заметки
customer = Клиент
close = Закрыть
customer-since = Клиент с { $year } г.
customer-erased = Все данные этого клиента удалены.
held = Что нужно для этого обращения
held-nothing = Никаких данных не хранится.
conversations = Обращения
who-looked = Кто смотрел
nobody-looked = Пока никто.
look-value = { $who }, { $field }
look-thread = { $who }, переписка
field-name = Имя
field-email = Почта
field-phone = Телефон
field-postal-address = Адрес
field-birth-date = Дата рождения
field-customer-number = Номер клиента
field-company = Компания
field-language = Язык
field-iban = Счёт
field-note = Примечание
speaks-en = пишет по-английски
speaks-de = пишет по-немецки
speaks-fi = пишет по-фински
speaks-pl = пишет по-польски
speaks-ru = пишет по-русски
language-en = английский
language-de = немецкий
language-fi = финский
language-pl = польский
language-ru = русский
assign = Назначить
take = Взять себе
put-back = Снять исполнителя
label = Метка
label-name = Название метки
label-add = Добавить метку
label-remove = Снять метку { $label }
snooze = Отложить
snooze-date = До даты
snooze-later = Позже сегодня
snooze-tomorrow = Завтра
snooze-monday = В понедельник
snooze-month = Через месяц
resolve = Решено
reopen = Открыть снова
write-here = Текст
reply-to = Ответ: { $name }…
copy-to = Копия
what-is-written = Что пишется
reply = Ответ
note = Заметка
note-add = Добавить заметку
send = Отправить
send-and-resolve = Отправить и решить
draft-kept = Черновик сохранён { $at }
sent = Ваш ответ скоро уйдёт.
take-back = Отменить
taken-back = Отменено. Текст остался в черновике.
overtaken = Обращение за это время изменилось; вот как оно выглядит сейчас.
overtaken-state = Кто-то успел раньше: состояние обращения теперь — { $state }.
overtaken-assignment = Кто-то успел раньше: посмотрите, у кого теперь обращение.
selection = Выбранные обращения
select = Выбрать: { $name }
selection-done =
    { $count ->
         [one] Готово: { $count } обращение.
         [few] Готово: { $count } обращения.
         [many] Готово: { $count } обращений.
        *[other] Готово: { $count } обращения.
    }
selection-left =
    { $count ->
         [one] { $count } за это время изменилось и остаётся как есть.
         [few] { $count } за это время изменились и остаются как есть.
         [many] { $count } за это время изменились и остаются как есть.
        *[other] { $count } за это время изменились и остаются как есть.
    }
reveal = Показать
reveal-what = { $field }, скрыто как { $mask }: показать
purpose = Для чего
purpose-service = для ответа
purpose-billing = для расчётов
purpose-delivery = для доставки
purpose-verification = для проверки
masks-again = Скроется через { $count } с
mail-held = скоро уйдёт
mail-queued = в очереди
mail-again = задержка, будет повтор
mail-sending = отправляется
mail-sent = отправлено
mail-twice = отправлено, возможно дважды
mail-failed = не отправлено
wrong-time = Выберите время в будущем, не дальше двух лет.
wrong-label = Метка — это название от 1 до 60 знаков в одну строку.
wrong-many-labels = Меток слишком много. Снимите одну или используйте имеющуюся.
wrong-note = Напишите текст, не больше 256 кБ.
wrong-no-address = Адрес отправителя не настроен. Обратитесь к администратору.
wrong-address = Один из адресов не подходит. Пишите в виде name@example.org.
wrong-recipients = Слишком много получателей. Уберите некоторых.
wrong-own-address = Один из получателей — наш адрес. Уберите его или напишите заметку.
wrong-no-text = Сначала напишите текст.
wrong-long-text = Текст слишком длинный. Сократите его или отправьте файлом.
wrong-files = Файлов слишком много или они слишком велики. Уберите некоторые.
wrong-erased = Данные клиента удалены. Писать больше нельзя.
wrong-on-its-way = Письмо уже отправлено, вернуть его нельзя.
wrong-mail = Это письмо нельзя отправить в таком виде.
other-looks = { $who } тоже смотрит
other-writes = { $who } пишет
others-look =
    { $count ->
         [one] { $who } и ещё { $count } тоже смотрят
         [few] { $who } и ещё { $count } тоже смотрят
         [many] { $who } и ещё { $count } тоже смотрят
        *[other] { $who } и ещё { $count } тоже смотрят
    }
others-write =
    { $count ->
         [one] { $who } пишет, ещё { $count } смотрит
         [few] { $who } пишет, ещё { $count } смотрят
         [many] { $who } пишет, ещё { $count } смотрят
        *[other] { $who } пишет, ещё { $count } смотрят
    }
commands = Команды
commands-hint = Поиск или команда
keys = Клавиши
keys-select = выбрать
keys-resolve-next = решить и к следующему
keys-reveal = показать значение
keys-go = перейти к разделу
