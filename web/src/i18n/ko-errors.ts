// 요청이 실패하거나 화면에 오류가 생겼을 때 쓰는 말.
export const koErrors = {
  'crash.title': '이 화면을 표시하지 못했습니다',
  'crash.text':
    '화면 오류입니다. 경보 알림은 계속됩니다. 새로고침하거나 다른 화면으로 이동하십시오.',
  'crash.whole': '화면 전체에 오류가 생겨 지금은 경보가 표시되지 않습니다. 바로 새로고침하십시오.',
  'crash.reload': '새로고침',
  'error.network': '서버에 연결할 수 없습니다. 네트워크와 서버 상태를 확인하십시오.',
  'error.wrong_password': '아이디 또는 비밀번호가 맞지 않습니다.',
  'error.too_many_attempts': '로그인 시도가 너무 많습니다. {n}초 뒤에 다시 시도하십시오.',
  'error.forbidden': '이 작업을 할 권한이 없습니다.',
  'error.unavailable': '서버가 지금 요청을 처리할 수 없습니다. 잠시 뒤 다시 시도하십시오.',
  'error.unauthenticated': '로그인이 필요합니다. 다시 로그인하십시오.',
  'error.foreign_origin': '다른 주소에서 보낸 요청이라 처리하지 않았습니다.',
  'error.not_found': '대상을 찾을 수 없습니다. 이미 삭제되었을 수 있습니다.',
  'error.method_not_allowed': '서버가 이 요청을 지원하지 않습니다.',
  'error.invalid': '입력한 내용을 처리할 수 없습니다. 값을 확인하십시오.',
  'error.malformed': '요청 형식이 올바르지 않습니다.',
  'error.conflict': '현재 상태에서는 처리할 수 없습니다. 최신 내용을 확인하십시오.',
  'error.precondition_failed':
    '다른 사람이 먼저 수정했습니다. 최신 내용을 확인한 뒤 다시 저장하십시오.',
  'error.too_large': '보낸 내용이 너무 큽니다.',
  'error.source_failed': '카메라 영상을 열 수 없습니다.',
  'error.internal': '서버 내부 오류입니다. 관리자에게 알려 주십시오.',
  'error.other': '요청을 처리하지 못했습니다.',
  'error.page': '화면에서 오류가 생겼습니다.',
} as const;
